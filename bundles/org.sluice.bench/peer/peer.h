/* Cases of the C peers: each runs for a while and says how long one operation took. What a case sets up stays for its next run. */
#ifndef SLUICE_PEER_H
#define SLUICE_PEER_H

#include <stdint.h>
#include <time.h>

static inline double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* xorshift64, as in the Java benchmarks: the same addresses in the same order. */
static inline uint64_t next_random(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	return x ^ x << 17;
}

#define SEED 0x9e3779b97f4a7c15UL

/* How long operations took, in pieces so short that few of them were interrupted. */
struct samples {
	int count;
	double spent, nanos[1 << 16];
};

static inline int is_enough(const struct samples *samples, double nanos)
{
	return (samples->spent >= nanos && samples->count >= 15) || samples->count == sizeof(samples->nanos) / sizeof(samples->nanos[0]);
}

static inline void add_sample(struct samples *samples, double spent, double operations)
{
	samples->nanos[samples->count++] = spent / operations;
	samples->spent += spent;
}

struct peer_case {
	const char *name;
	/* takes samples of nanoseconds per operation for at least this long */
	void (*run)(double nanos, struct samples *samples);
};

extern const struct peer_case table_cases[];
extern const struct peer_case tlb_cases[];
extern const struct peer_case iova_cases[];

/* What a loop computed, so that no compiler may leave it out. */
extern volatile uint64_t sink;

#endif
