/* Linux's page tables and iommu_map over them. The two files of the kernel are included from the unpacked source. */
#include "shim.h"

#include "io-pgtable-arm.c"

/* iommu_pgsize to iommu_unmap_fast of iommu.c, cut out by the script that builds this */
size_t iommu_unmap(struct iommu_domain *domain, unsigned long iova, size_t size);
#include "iommu-map.c"

#include "peer.h"

#include <stdio.h>

#define RW (IOMMU_READ | IOMMU_WRITE)
#define PADDR 0x100000000UL
#define LOOP 1024

void *shim_free_pages;

static struct io_pgtable *pgtable;
static struct io_pgtable_ops *ops;
static struct iommu_iotlb_gather gather;

static int domain_map_pages(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr, size_t pgsize,
			    size_t pgcount, int prot, gfp_t gfp, size_t *mapped)
{
	return ops->map_pages(ops, iova, paddr, pgsize, pgcount, prot, gfp, mapped);
}

static size_t domain_unmap_pages(struct iommu_domain *domain, unsigned long iova, size_t pgsize, size_t pgcount,
				 struct iommu_iotlb_gather *g)
{
	return ops->unmap_pages(ops, iova, pgsize, pgcount, g);
}

static const struct iommu_domain_ops domain_ops = {
	.map_pages = domain_map_pages,
	.unmap_pages = domain_unmap_pages,
};
static struct iommu_domain domain = {
	.type = __IOMMU_DOMAIN_PAGING,
	.ops = &domain_ops,
	.pgsize_bitmap = SZ_4K | SZ_2M | SZ_1G,
};

static void flush_all(void *cookie) {}
static void flush_walk(unsigned long iova, size_t size, size_t granule, void *cookie) {}
/* For the page table alone, the least that a driver can do for a page: widen the range. */
static void widen(struct iommu_iotlb_gather *g, unsigned long iova, size_t granule, void *cookie)
{
	if (g->start > iova)
		g->start = iova;
	if (g->end < iova + granule - 1)
		g->end = iova + granule - 1;
}
/* Under the core, what SMMU drivers do: sync what does not touch, then widen. */
static void add_page(struct iommu_iotlb_gather *g, unsigned long iova, size_t granule, void *cookie)
{
	iommu_iotlb_gather_add_page(cookie, g, iova, granule);
}

static const struct iommu_flush_ops table_flush_ops = {
	.tlb_flush_all = flush_all,
	.tlb_flush_walk = flush_walk,
	.tlb_add_page = widen,
};
static const struct iommu_flush_ops core_flush_ops = {
	.tlb_flush_all = flush_all,
	.tlb_flush_walk = flush_walk,
	.tlb_add_page = add_page,
};

static void open_table(const struct iommu_flush_ops *flush_ops)
{
	struct io_pgtable_cfg cfg = {
		.pgsize_bitmap = SZ_4K | SZ_2M | SZ_1G,
		.ias = 48,
		.oas = 48,
		.coherent_walk = true,
		.tlb = flush_ops,
	};

	if (pgtable)
		return;
	pgtable = io_pgtable_arm_64_lpae_s1_init_fns.alloc(&cfg, &domain);
	pgtable->fmt = ARM_64_LPAE_S1;
	pgtable->cookie = &domain;
	pgtable->cfg = cfg;
	ops = &pgtable->ops;
	iommu_iotlb_gather_init(&gather);
}

static void fail(const char *what, unsigned long iova)
{
	fprintf(stderr, "peer: %s failed at 0x%lx\n", what, iova);
	abort();
}

static void map(unsigned long iova, size_t pgsize, size_t pgcount)
{
	size_t mapped = 0;

	if (ops->map_pages(ops, iova, PADDR + iova, pgsize, pgcount, RW, GFP_KERNEL, &mapped) ||
	    mapped != pgsize * pgcount)
		fail("map", iova);
}

static void unmap(unsigned long iova, size_t pgsize, size_t pgcount)
{
	if (ops->unmap_pages(ops, iova, pgsize, pgcount, &gather) != pgsize * pgcount)
		fail("unmap", iova);
}

/* Everything mapped in calls of some pages, then unmapped so, again and again; tables stay. Time is a page's. */
static void sweep(double nanos, struct samples *samples, bool time_map, size_t pgsize, size_t pgcount,
		  unsigned long bytes)
{
	unsigned long step = pgsize * pgcount, iova;
	bool warm = pgtable;

	open_table(&table_flush_ops);
	while (!is_enough(samples, nanos)) {
		double began = now(), middle, end;

		for (iova = 0; iova < bytes; iova += step)
			map(iova, pgsize, pgcount);
		middle = now();
		for (iova = 0; iova < bytes; iova += step)
			unmap(iova, pgsize, pgcount);
		end = now();
		iommu_iotlb_gather_init(&gather);
		if (warm) /* the first made the tables */
			add_sample(samples, time_map ? middle - began : end - middle, bytes / pgsize);
		warm = true;
	}
}

static void map_1(double nanos, struct samples *s) { sweep(nanos, s, true, SZ_4K, 1, 128UL << 20); }
static void unmap_1(double nanos, struct samples *s) { sweep(nanos, s, false, SZ_4K, 1, 128UL << 20); }
static void map_16(double nanos, struct samples *s) { sweep(nanos, s, true, SZ_4K, 16, 128UL << 20); }
static void unmap_16(double nanos, struct samples *s) { sweep(nanos, s, false, SZ_4K, 16, 128UL << 20); }
static void map_512(double nanos, struct samples *s) { sweep(nanos, s, true, SZ_4K, 512, 128UL << 20); }
static void unmap_512(double nanos, struct samples *s) { sweep(nanos, s, false, SZ_4K, 512, 128UL << 20); }
static void map_2m(double nanos, struct samples *s) { sweep(nanos, s, true, SZ_2M, 1, 8UL << 30); }
static void unmap_2m(double nanos, struct samples *s) { sweep(nanos, s, false, SZ_2M, 1, 8UL << 30); }

/* Random pages of 1 GiB mapped and unmapped at once; tables stay. */
static void pair(double nanos, struct samples *samples)
{
	static uint64_t random = SEED;
	unsigned long iova;

	if (!pgtable) {
		open_table(&table_flush_ops);
		for (iova = 0; iova < SZ_1G; iova += SZ_2M) {
			map(iova, SZ_4K, 1);
			unmap(iova, SZ_4K, 1);
		}
	}
	while (!is_enough(samples, nanos)) {
		double began = now();

		for (int i = 0; i < LOOP; i++) {
			random = next_random(random);
			iova = random & (SZ_1G - 1) & PAGE_MASK;
			map(iova, SZ_4K, 1);
			unmap(iova, SZ_4K, 1);
			iommu_iotlb_gather_init(&gather);
		}
		add_sample(samples, now() - began, LOOP);
	}
}

static void look_up(double nanos, struct samples *samples, unsigned long bytes, bool chain)
{
	static uint64_t random = SEED;
	uint64_t sum = 0;

	if (!pgtable) {
		open_table(&table_flush_ops);
		for (unsigned long iova = 0; iova < bytes; iova += SZ_2M)
			map(iova, SZ_4K, 512);
	}
	while (!is_enough(samples, nanos)) {
		double began = now();

		if (chain) {
			for (int i = 0; i < LOOP; i++)
				random = next_random(random + ops->iova_to_phys(ops, random & (bytes - 1)));
		} else {
			for (int i = 0; i < LOOP; i++) {
				random = next_random(random);
				sum += ops->iova_to_phys(ops, random & (bytes - 1));
			}
		}
		add_sample(samples, now() - began, LOOP);
	}
	sink = sum + random;
}

static void phys_1g(double nanos, struct samples *s) { look_up(nanos, s, SZ_1G, false); }
static void phys_16g(double nanos, struct samples *s) { look_up(nanos, s, 16 * SZ_1G, false); }
static void phys_chain(double nanos, struct samples *s) { look_up(nanos, s, SZ_1G, true); }

/* The core over it: iommu_map, and iommu_unmap_fast into a gather. Physical pages are off by one, so no block fits. */
static void core(double nanos, struct samples *samples, bool time_map, size_t call, unsigned long bytes)
{
	bool warm = pgtable;
	unsigned long iova;

	open_table(&core_flush_ops);
	while (!is_enough(samples, nanos)) {
		double began = now(), middle, end;

		for (iova = 0; iova < bytes; iova += call)
			if (iommu_map(&domain, iova, PADDR + SZ_4K + iova, call, RW))
				fail("iommu_map", iova);
		middle = now();
		for (iova = 0; iova < bytes; iova += SZ_4K)
			if (iommu_unmap_fast(&domain, iova, SZ_4K, &gather) != SZ_4K)
				fail("iommu_unmap_fast", iova);
		end = now();
		iommu_iotlb_gather_init(&gather);
		if (warm)
			add_sample(samples, time_map ? middle - began : end - middle, bytes / SZ_4K);
		warm = true;
	}
}

static void core_map(double nanos, struct samples *s) { core(nanos, s, true, SZ_4K, 128UL << 20); }
static void core_unmap(double nanos, struct samples *s) { core(nanos, s, false, SZ_4K, 128UL << 20); }
static void core_map_1g(double nanos, struct samples *s) { core(nanos, s, true, SZ_1G, SZ_1G); }

const struct peer_case table_cases[] = {
	{ "map1", map_1 },
	{ "unmap1", unmap_1 },
	{ "map16", map_16 },
	{ "unmap16", unmap_16 },
	{ "map512", map_512 },
	{ "unmap512", unmap_512 },
	{ "map2m", map_2m },
	{ "unmap2m", unmap_2m },
	{ "pair", pair },
	{ "phys1g", phys_1g },
	{ "phys16g", phys_16g },
	{ "physchain", phys_chain },
	{ "coremap", core_map },
	{ "coreunmap", core_unmap },
	{ "coremap1g", core_map_1g },
	{ NULL, NULL },
};
