/*
 * What Linux's iova.c and rbtree.c need of a kernel beyond shim.h. There is one processor; a spin lock is a compare-and-set and
 * a store, and interrupts are not switched off for it: the peer is at its best.
 */
#ifndef SLUICE_IOVA_SHIM_H
#define SLUICE_IOVA_SHIM_H

#include <stdio.h>

#include "shim.h"

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define __GFP_NOWARN 0u
#define __percpu
#define EXPORT_SYMBOL(name)
#define MODULE_AUTHOR(name)
#define MODULE_LICENSE(name)
#define IS_REACHABLE(option) 1
#define rcu_assign_pointer(pointer, value) __atomic_store_n(&(pointer), value, __ATOMIC_RELEASE)
#define ALIGN(x, a) (((x) + (typeof(x))(a) - 1) & ~((typeof(x))(a) - 1))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define swap(a, b) do { typeof(a) kept = (a); (a) = (b); (b) = kept; } while (0)
#define is_power_of_2(n) ((n) != 0 && ((n) & ((n) - 1)) == 0)
#define fls_long(n) ((n) ? 64 - __builtin_clzl(n) : 0)
#define roundup_pow_of_two(n) (1UL << fls_long((n) - 1))
#define order_base_2(n) fls_long((unsigned long)(n) - 1)
#define WARN(condition, ...) WARN_ON(condition)
#define WARN_ONCE(condition, ...) WARN_ON(condition)
#undef WARN_ON
#define WARN_ON(x) ({ bool warned = (x); unlikely(warned); })

typedef struct { int held; } spinlock_t;

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->held = 0;
}

static inline void spin_lock(spinlock_t *lock)
{
	int free = 0;

	while (!__atomic_compare_exchange_n(&lock->held, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		free = 0;
}

static inline void spin_unlock(spinlock_t *lock)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

#define spin_lock_irqsave(lock, flags) do { (flags) = 0; spin_lock(lock); } while (0)
#define spin_unlock_irqrestore(lock, flags) do { (void)(flags); spin_unlock(lock); } while (0)
#define assert_spin_locked(lock) do { } while (0)

struct mutex { int unused; };
#define DEFINE_MUTEX(name) struct mutex name
#define mutex_lock(mutex) do { } while (0)
#define mutex_unlock(mutex) do { } while (0)

struct hlist_node { struct hlist_node *next; };
#define hlist_entry_safe(pointer, type, member) ((pointer) ? container_of(pointer, type, member) : NULL)
#define CPUHP_IOMMU_IOVA_DEAD 0
#define cpuhp_setup_state_multi(state, name, up, down) 0
#define cpuhp_remove_multi_state(state) do { } while (0)
#define cpuhp_state_add_instance_nocalls(state, node) 0
#define cpuhp_state_remove_instance_nocalls(state, node) do { } while (0)

#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < 1; (cpu)++)
#define for_each_online_cpu(cpu) for_each_possible_cpu(cpu)
#define per_cpu_ptr(pointer, cpu) ((void)(cpu), pointer)
#define raw_cpu_ptr(pointer) (pointer)
#define cache_line_size() 64UL
#define __alloc_percpu(size, alignment) aligned_alloc(alignment, ALIGN((size_t)(size), (size_t)(alignment)))
#define free_percpu(pointer) free(pointer)
#define kzalloc(size, gfp) calloc(1, size)
#define kcalloc(count, size, gfp) calloc(count, size)

/* Objects come back from a list, so that malloc does not slow the peer down. */
struct kmem_cache { size_t size; void *free; };
#define SLAB_HWCACHE_ALIGN 0

static inline struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align, int flags, void *constructor)
{
	struct kmem_cache *cache = calloc(1, sizeof(*cache));

	cache->size = size;
	return cache;
}

static inline void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *object = cache->free;

	if (!object)
		return calloc(1, cache->size);
	cache->free = *(void **)object;
	return memset(object, 0, cache->size);
}

static inline void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	*(void **)object = cache->free;
	cache->free = object;
}

#define kmem_cache_destroy(cache) do { } while (0)

#endif
