/*
 * program_class - lists with a name (smtpd_restriction_classes): known by
 * name before any list is read, and none may lead to itself.
 */
#include "lib/program.h"

#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"

int
mm_program_class(struct mm_program *program, const char *name, unsigned line)
{
	struct mm_class *more = reallocarray(
	    program->classes, program->nclasses + 1, sizeof(*program->classes));
	char *copy = strdup(name);

	if (more != NULL)
		program->classes = more;
	if (more == NULL || copy == NULL) {
		free(copy);
		return -1;
	}
	more[program->nclasses++] =
	    (struct mm_class){.name = copy, .line = line};
	return 0;
}

const struct mm_class *
mm_program_find_class(const struct mm_program *program, const char *name)
{
	for (size_t i = 0; program != NULL && i < program->nclasses; i++) {
		if (strcmp(program->classes[i].name, name) == 0)
			return &program->classes[i];
	}
	return NULL;
}

enum mm_outcome
mm_check_class(const void *arg, struct mm_eval *ev)
{
	const struct mm_class *class = arg;

	return mm_list_walk(&class->list, ev);
}

/* One search: which class leads back to where it began? */
struct search {
	const struct mm_program *program;
	bool *seen; /* by index: looked into already */
	const struct mm_class *from;
	bool found;
};

static bool look_at(struct search *search, const struct mm_step *step);

/* Classes that stand in class itself; what tables may lead to ends at the
 * walk's depth. */
static void
look_into(struct search *search, const struct mm_class *class)
{
	size_t i = (size_t)(class - search->program->classes);

	if (search->seen[i])
		return;
	search->seen[i] = true;
	for (size_t j = 0; j < class->list.nsteps; j++) {
		if (!look_at(search, &class->list.steps[j]))
			return;
	}
}

static bool
look_at(struct search *search, const struct mm_step *step)
{
	const struct mm_class *class = step->arg;

	if (step->what != &mm_word_class)
		return true;
	if (class == search->from)
		search->found = true;
	else
		look_into(search, class);
	return !search->found;
}

/* Where stages are judged as they come, a word may come too early. */
static void
check_stages(const struct mm_program *program, struct mm_load *load)
{
	for (int c = 0; c < MM_NCHAIN; c++) {
		const struct mm_list *list = &program->chain[c];
		unsigned known = mm_chain_knows((enum mm_chain)c);

		for (size_t i = 0; i < list->nsteps; i++) {
			const struct mm_step *step = &list->steps[i];

			if ((step->what->needs & ~known) != 0)
				mm_complain(load->all, MM_NOTICE, load->file,
				    step->line,
				    "%s: says nothing in this list with "
				    "smtpd_delay_reject = no, which judges it "
				    "too early",
				    step->text);
		}
	}
}

void
mm_program_check(const struct mm_program *program, struct mm_load *load)
{
	struct search search = {.program = program};

	if (!load->settings->smtpd_delay_reject)
		check_stages(program, load);
	for (size_t i = 0; i < program->nclasses; i++) {
		search.from = &program->classes[i];
		search.found = false;
		search.seen = calloc(program->nclasses, sizeof(bool));
		if (search.seen == NULL) {
			load->all->failed = true;
			return;
		}
		look_into(&search, search.from);
		free(search.seen);
		if (search.found)
			mm_complain(load->all, MM_ERROR, load->file,
			    search.from->line,
			    "%s: this class leads to itself: its list would "
			    "never end",
			    search.from->name);
	}
}
