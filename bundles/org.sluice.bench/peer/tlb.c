/*
 * The look-up of an IOTLB that is a GLib hash table, in the way of QEMU's SMMUv3 model: the key holds IOVA, ASID, VMID,
 * granule and level; since nobody knows the level beforehand, one look-up probes the table once for each level, from
 * the top. Shared with other threads it is under a mutex.
 */
#include <glib.h>
#include <pthread.h>
#include <stdlib.h>

#include "peer.h"

struct key {
	uint64_t iova;
	uint16_t asid, vmid;
	uint8_t granule, level;
};

struct entry {
	struct key key;
	uint64_t translated, mask;
};

static inline uint32_t rotate(uint32_t x, int by)
{
	return x << by | x >> (32 - by);
}

/* Bob Jenkins' lookup3 over three words: one round of mixing and the final one */
static guint hash(gconstpointer pointer)
{
	const struct key *key = pointer;
	uint32_t a, b, c;

	a = b = c = 0xdeadbeef + sizeof(*key);
	a += key->asid + key->vmid + key->level + key->granule;
	b += (uint32_t)key->iova;
	c += (uint32_t)(key->iova >> 32);
	a -= c; a ^= rotate(c, 4); c += b;
	b -= a; b ^= rotate(a, 6); a += c;
	c -= b; c ^= rotate(b, 8); b += a;
	a -= c; a ^= rotate(c, 16); c += b;
	b -= a; b ^= rotate(a, 19); a += c;
	c -= b; c ^= rotate(b, 4); b += a;
	c ^= b; c -= rotate(b, 14);
	a ^= c; a -= rotate(c, 11);
	b ^= a; b -= rotate(a, 25);
	c ^= b; c -= rotate(b, 16);
	a ^= c; a -= rotate(c, 4);
	b ^= a; b -= rotate(a, 14);
	c ^= b; c -= rotate(b, 24);
	return c;
}

static gboolean same(gconstpointer one, gconstpointer other)
{
	const struct key *a = one, *b = other;

	return a->iova == b->iova && a->asid == b->asid && a->vmid == b->vmid && a->granule == b->granule &&
	       a->level == b->level;
}

#define LOOP 1024
#define ASID 1
#define GRANULE 1
#define FIRST_LEVEL 0
#define LAST_LEVEL 3

static GHashTable *tlb;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile int stop;
static volatile unsigned long writes;

static struct key key_of(uint64_t iova, int level)
{
	uint64_t mask = (1UL << (12 + 9 * (LAST_LEVEL - level))) - 1;

	return (struct key){ .iova = iova & ~mask, .asid = ASID, .granule = GRANULE, .level = level };
}

static uint64_t look_up(uint64_t iova)
{
	for (int level = FIRST_LEVEL; level <= LAST_LEVEL; level++) {
		struct key key = key_of(iova, level);
		const struct entry *found = g_hash_table_lookup(tlb, &key);

		if (found)
			return found->translated + (iova & found->mask);
	}
	return 0;
}

static void fill(uint64_t iova)
{
	struct entry *entry = g_new(struct entry, 1);

	*entry = (struct entry){ key_of(iova, LAST_LEVEL), 0x100000000UL + iova, 0xfff };
	g_hash_table_replace(tlb, &entry->key, entry);
}

static void open_tlb(int entries)
{
	if (tlb)
		return;
	tlb = g_hash_table_new_full(hash, same, NULL, g_free);
	for (int i = 0; i < entries; i++)
		fill((uint64_t)i << 12);
}

static void hits(double nanos, struct samples *samples, int entries)
{
	static uint64_t random = SEED;
	uint64_t sum = 0;

	open_tlb(entries);
	while (!is_enough(samples, nanos)) {
		double began = now();

		for (int i = 0; i < LOOP; i++) {
			random = next_random(random);
			sum += look_up((random & (entries - 1)) << 12);
		}
		add_sample(samples, now() - began, LOOP);
	}
	sink = sum;
}

static void *invalidate_and_refill(void *nothing)
{
	uint64_t random = SEED * 3;

	while (!stop) {
		struct key key;

		random = next_random(random);
		key = key_of((random & 255) << 12, LAST_LEVEL);
		pthread_mutex_lock(&mutex);
		g_hash_table_remove(tlb, &key);
		pthread_mutex_unlock(&mutex);
		pthread_mutex_lock(&mutex);
		fill(key.iova);
		pthread_mutex_unlock(&mutex);
		writes++;
	}
	return NULL;
}

static void hits_beside_a_writer(double nanos, struct samples *samples)
{
	static uint64_t random = SEED;
	uint64_t sum = 0;
	pthread_t writer;

	open_tlb(256);
	stop = 0;
	if (pthread_create(&writer, NULL, invalidate_and_refill, NULL))
		abort();
	while (!is_enough(samples, nanos)) {
		unsigned long before = writes;
		double began;

		/* a sample while the writer waits for a processor says nothing */
		while (writes == before)
			;
		began = now();
		for (int i = 0; i < LOOP; i++) {
			random = next_random(random);
			pthread_mutex_lock(&mutex);
			sum += look_up((random & 255) << 12);
			pthread_mutex_unlock(&mutex);
		}
		add_sample(samples, now() - began, LOOP);
	}
	stop = 1;
	pthread_join(writer, NULL);
	sink = sum;
}

static void hits_256(double nanos, struct samples *s) { hits(nanos, s, 256); }
static void hits_16384(double nanos, struct samples *s) { hits(nanos, s, 16384); }

const struct peer_case tlb_cases[] = {
	{ "tlb256", hits_256 },
	{ "tlb16384", hits_16384 },
	{ "tlbwriter", hits_beside_a_writer },
	{ 0 },
};
