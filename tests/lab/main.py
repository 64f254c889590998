"""Runs one group of the lab: main.py GROUP [TEST ...], from run.sh."""

import importlib
import sys
import unittest

import case
import space


def main():
    group, only = sys.argv[1], sys.argv[2:]
    space.enter()
    module = importlib.import_module("test_" + group)
    loader = unittest.TestLoader()
    why = getattr(module, "missing", lambda: None)()
    if why:
        print("skipped:", why)
        return 77
    if only:
        tests = loader.loadTestsFromNames(only, module)
    else:
        tests = loader.loadTestsFromModule(module)
    runner = unittest.TextTestRunner(sys.stdout, verbosity=2)
    servers = getattr(module, "SERVERS", case.servers)
    with servers(getattr(module, "NATIVE", {})):
        result = runner.run(tests)
    if result.wasSuccessful() and result.testsRun:
        return 0
    print(*case.logs(), sep="\n")
    return 1


sys.exit(main())
