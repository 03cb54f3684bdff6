/* Linux's IOVA allocator: the pair of alloc_iova_fast and free_iova_fast, from the magazines and from the tree. */
#include "iova-shim.h"

#include "rbtree.c"
#include "iova.c"

#include "peer.h"

#define LOOP 1024
#define LIMIT ((1UL << 36) - 1)
/* Allocations that live meanwhile, so that the tree is one. */
#define LIVE 4096
#define LARGE 64
#define BURST 64

static struct iova_domain iovas;

static void open_domain(void)
{
	static bool open;
	int i;

	if (open)
		return;
	open = true;
	if (iova_cache_get())
		abort();
	init_iova_domain(&iovas, PAGE_SIZE, 1);
	if (iova_domain_init_rcaches(&iovas))
		abort();
	for (i = 0; i < LIVE; i++)
		if (!alloc_iova_fast(&iovas, LARGE, LIMIT, false))
			abort();
}

static void pairs(double nanos, struct samples *samples, unsigned long pages)
{
	open_domain();
	while (!is_enough(samples, nanos)) {
		double start = now();
		unsigned long sum = 0;
		int i;

		for (i = 0; i < LOOP; i++) {
			unsigned long frame = alloc_iova_fast(&iovas, pages, LIMIT, false);

			sum += frame;
			free_iova_fast(&iovas, frame, pages);
		}
		sink = sum;
		add_sample(samples, now() - start, LOOP);
	}
}

static void fast(double nanos, struct samples *samples)
{
	pairs(nanos, samples, 1);
}

/* Many taken, then as many given back. */
static void burst(double nanos, struct samples *samples)
{
	static unsigned long frames[BURST];

	open_domain();
	while (!is_enough(samples, nanos)) {
		double start = now();
		unsigned long sum = 0;
		int i, k;

		for (i = 0; i < LOOP / BURST; i++) {
			for (k = 0; k < BURST; k++)
				sum += frames[k] = alloc_iova_fast(&iovas, 1, LIMIT, false);
			for (k = 0; k < BURST; k++)
				free_iova_fast(&iovas, frames[k], 1);
		}
		sink = sum;
		add_sample(samples, now() - start, LOOP);
	}
}

static void tree(double nanos, struct samples *samples)
{
	pairs(nanos, samples, LARGE);
}

const struct peer_case iova_cases[] = {
	{ "iovapair", fast },
	{ "iovaburst", burst },
	{ "iovatree", tree },
	{ NULL, NULL },
};
