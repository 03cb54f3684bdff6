/*
 * What Linux's io-pgtable-arm.c and a part of its iommu.c need of a kernel, in user space. Physical addresses are
 * pointers; the walker is coherent, so no DMA mapping is ever made. Barriers between stores are compiler barriers, which is
 * all that x86 needs for write-back memory and what Java's stores cost too: the peer is at its best.
 */
#ifndef SLUICE_SHIM_H
#define SLUICE_SHIM_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
typedef u64 phys_addr_t;
typedef u64 dma_addr_t;
typedef unsigned int gfp_t;

#define __init
#define __initdata
#define __initconst
#define EXPORT_SYMBOL_GPL(name)
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define container_of(member_pointer, type, member) ((type *)((char *)(member_pointer) - offsetof(type, member)))
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile typeof(x) *)&(x) = (value))
#define barrier() __asm__ __volatile__("" ::: "memory")
#define wmb() barrier()
#define dma_wmb() barrier()
#define WARN_ON(x) ({ bool warned = (x); unlikely(warned); })
#define BUG_ON(x) do { if (unlikely(x)) abort(); } while (0)
#define VM_BUG_ON(x) do { } while (0)
#define might_sleep() do { } while (0)
#define pr_err(...) do { } while (0)
#define pr_debug(...) do { } while (0)
#define dev_err(...) do { } while (0)
#define trace_map(...) do { } while (0)
#define trace_unmap(...) do { } while (0)

#define BITS_PER_LONG 64
#define BIT(n) (1UL << (n))
#define GENMASK(high, low) ((~0UL << (low)) & (~0UL >> (63 - (high))))
#define GENMASK_ULL(high, low) GENMASK(high, low)
#define ilog2(n) (63 - __builtin_clzl(n))
#define __ffs(x) ((unsigned long)__builtin_ctzl(x))
#define __fls(x) ((unsigned long)(63 - __builtin_clzl(x)))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define IS_ALIGNED(x, a) (((x) & ((typeof(x))(a) - 1)) == 0)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define check_add_overflow(a, b, sum) __builtin_add_overflow(a, b, sum)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))

#define PAGE_SIZE 4096UL
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define SZ_4K 0x1000UL
#define SZ_16K 0x4000UL
#define SZ_64K 0x10000UL
#define SZ_2M 0x200000UL
#define SZ_32M 0x2000000UL
#define SZ_512M 0x20000000UL
#define SZ_1G 0x40000000UL

#define GFP_KERNEL 0u
#define GFP_ATOMIC 0u
#define __GFP_ZERO 0u
#define __GFP_HIGHMEM 0u

static inline u64 cmpxchg64_relaxed(u64 *word, u64 old, u64 new)
{
	__atomic_compare_exchange_n(word, &old, new, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	return old;
}

/* Pages: zeroed, aligned to their size; single pages come back from a list, so that malloc does not slow the peer down. */
struct page;
struct device { int unused; };

extern void *shim_free_pages;

static inline int get_order(size_t size)
{
	return size <= PAGE_SIZE ? 0 : ilog2(size - 1) + 1 - 12;
}

static inline struct page *alloc_pages_node(int node, gfp_t gfp, int order)
{
	void *pages;

	if (order == 0 && shim_free_pages) {
		pages = shim_free_pages;
		shim_free_pages = *(void **)pages;
	} else {
		pages = aligned_alloc(PAGE_SIZE << order, PAGE_SIZE << order);
	}
	return pages ? memset(pages, 0, PAGE_SIZE << order) : NULL;
}

static inline void free_pages(unsigned long pages, int order)
{
	if (order == 0) {
		*(void **)pages = shim_free_pages;
		shim_free_pages = (void *)pages;
	} else {
		free((void *)pages);
	}
}

#define __free_pages(page, order) free_pages((unsigned long)(page), order)
#define page_address(page) ((void *)(page))
#define dev_to_node(dev) 0
#define virt_to_phys(pointer) ((phys_addr_t)(uintptr_t)(pointer))
#define __pa(pointer) virt_to_phys(pointer)
#define __va(address) ((void *)(uintptr_t)(address))
#define kmalloc(size, gfp) malloc(size)
#define kfree(pointer) free(pointer)

enum { DMA_TO_DEVICE };
static inline dma_addr_t dma_map_single(struct device *dev, void *pages, size_t size, int direction)
{
	return virt_to_phys(pages);
}
#define dma_mapping_error(dev, address) 0
#define dma_unmap_single(dev, address, size, direction) do { } while (0)
#define dma_sync_single_for_device(dev, address, size, direction) do { } while (0)

/* The part of the IOMMU core's types that pages go through. */
#define IOMMU_READ (1 << 0)
#define IOMMU_WRITE (1 << 1)
#define IOMMU_CACHE (1 << 2)
#define IOMMU_NOEXEC (1 << 3)
#define IOMMU_MMIO (1 << 4)
#define IOMMU_PRIV (1 << 5)
#define __IOMMU_DOMAIN_PAGING 1u

struct list_head { struct list_head *next, *prev; };

struct iommu_iotlb_gather {
	unsigned long start, end;
	size_t pgsize;
	struct list_head freelist;
	bool queued;
};

struct iommu_domain;

struct iommu_domain_ops {
	int (*map)(struct iommu_domain *, unsigned long, phys_addr_t, size_t, int, gfp_t);
	int (*map_pages)(struct iommu_domain *, unsigned long, phys_addr_t, size_t, size_t, int, gfp_t, size_t *);
	size_t (*unmap)(struct iommu_domain *, unsigned long, size_t, struct iommu_iotlb_gather *);
	size_t (*unmap_pages)(struct iommu_domain *, unsigned long, size_t, size_t, struct iommu_iotlb_gather *);
	void (*iotlb_sync_map)(struct iommu_domain *, unsigned long, size_t);
	void (*iotlb_sync)(struct iommu_domain *, struct iommu_iotlb_gather *);
};

struct iommu_domain {
	unsigned type;
	const struct iommu_domain_ops *ops;
	unsigned long pgsize_bitmap;
};

static inline void iommu_iotlb_gather_init(struct iommu_iotlb_gather *gather)
{
	*gather = (struct iommu_iotlb_gather){ .start = ULONG_MAX };
}

static inline void iommu_iotlb_sync(struct iommu_domain *domain, struct iommu_iotlb_gather *gather)
{
	if (domain->ops->iotlb_sync)
		domain->ops->iotlb_sync(domain, gather);
	iommu_iotlb_gather_init(gather);
}

static inline bool iommu_iotlb_gather_queued(struct iommu_iotlb_gather *gather)
{
	return gather && gather->queued;
}

/* As a driver that gathers does it for each page: sync what does not touch, then widen. */
static inline void iommu_iotlb_gather_add_page(
	struct iommu_domain *domain, struct iommu_iotlb_gather *gather, unsigned long iova, size_t size)
{
	unsigned long last = iova + size - 1;
	bool apart = gather->end != 0 && (iova > gather->end + 1 || last + 1 < gather->start);

	if ((gather->pgsize && gather->pgsize != size) || apart)
		iommu_iotlb_sync(domain, gather);
	gather->pgsize = size;
	if (gather->start > iova)
		gather->start = iova;
	if (gather->end < last)
		gather->end = last;
}

#endif
