/* Reads names of cases, one a line, and answers each with nanoseconds per operation: the median of its samples. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

volatile uint64_t sink;

#define LEAST_NANOS 30e6

static struct samples samples;

static int compare(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

static double median(const struct peer_case *found)
{
	samples.count = 0;
	samples.spent = 0;
	found->run(LEAST_NANOS, &samples);
	qsort(samples.nanos, samples.count, sizeof(samples.nanos[0]), compare);
	return samples.nanos[samples.count / 2];
}

static const struct peer_case *find(const struct peer_case *cases, const char *name)
{
	for (; cases->name; cases++)
		if (strcmp(cases->name, name) == 0)
			return cases;
	return NULL;
}

int main(void)
{
	char name[64];

	while (scanf("%63s", name) == 1) {
		const struct peer_case *found = find(table_cases, name);

		if (!found)
			found = find(tlb_cases, name);
		if (!found)
			found = find(iova_cases, name);
		if (found)
			printf("%.4f\n", median(found));
		else
			printf("no case %s\n", name);
		fflush(stdout);
	}
	return 0;
}
