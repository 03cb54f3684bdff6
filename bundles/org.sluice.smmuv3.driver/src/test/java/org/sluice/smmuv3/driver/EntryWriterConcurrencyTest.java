package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.junit.jupiter.api.Test;

/**
 * A reader that fetches the words of an entry in any order while it is rewritten, as an SMMU does. A CMD_SYNC waits for
 * fetches that began before it: here, for the reader's lock.
 */
class EntryWriterConcurrencyTest {
    private static final int TRANSITIONS = 20_000;

    private final TestMemory memory = new TestMemory(64);
    private final UsedBits bits = new StreamEntryBits();
    private final ReentrantReadWriteLock fetches = new ReentrantReadWriteLock(true);
    private volatile long[] from = Entries.abort();
    private volatile long[] to = Entries.abort();

    @Test
    void fetchAtAnyMomentSeesOldOrNewOrInvalid() throws Exception {
        List<long[]> entries = List.of(
                Entries.abort(),
                Entries.bypass(),
                Entries.contextTable(StreamEntry.Untagged.SUBSTREAM_0),
                Entries.contextTable(StreamEntry.Untagged.BYPASS),
                Entries.otherContextTable(StreamEntry.Untagged.TERMINATE),
                Entries.stallingContextTable(),
                Entries.stage2(),
                Entries.nested());
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService pool = Executors.newSingleThreadExecutor();
        try {
            new EntryWriter(memory, bits).write(TestMemory.BASE, from, () -> {});
            Future<Long> reader = pool.submit(() -> readUntil(done));
            Random random = new Random(361);
            EntryWriter writer = new EntryWriter(memory, bits);
            for (int i = 0; i < TRANSITIONS && !reader.isDone(); i++) {
                long[] next = entries.get(random.nextInt(entries.size()));
                sync(() -> {
                    from = to;
                    to = next;
                });
                writer.write(TestMemory.BASE, next, () -> sync(() -> {}));
            }
            done.set(true);
            assertThat(reader.get()).isPositive();
        } finally {
            done.set(true);
            pool.shutdownNow();
        }
    }

    private void sync(Runnable action) {
        fetches.writeLock().lock();
        try {
            action.run();
        } finally {
            fetches.writeLock().unlock();
        }
    }

    private long readUntil(AtomicBoolean done) {
        List<Integer> order = new ArrayList<>(List.of(0, 1, 2, 3, 4, 5, 6, 7));
        Random random = new Random(362);
        long count = 0;
        for (; !done.get() || count == 0; count++) {
            Collections.shuffle(order, random);
            long[] seen = new long[order.size()];
            fetches.readLock().lock();
            try {
                for (int word : order) {
                    seen[word] = memory.read64Acquire(TestMemory.BASE + (long) word * Long.BYTES);
                }
                long[] safe = bits.safe(from, to);
                assertThat((seen[0] & 1) == 0 || agrees(seen, from, safe) || agrees(seen, to, safe))
                        .as("fetch %d: %s of %s to %s", count, hex(seen), hex(from), hex(to))
                        .isTrue();
            } finally {
                fetches.readLock().unlock();
            }
        }
        return count;
    }

    private boolean agrees(long[] seen, long[] reference, long[] safe) {
        long[] used = bits.used(reference);
        for (int word = 0; word < used.length; word++) {
            if (((seen[word] ^ reference[word]) & used[word] & ~safe[word]) != 0) {
                return false;
            }
        }
        return true;
    }

    private static List<String> hex(long[] words) {
        List<String> text = new ArrayList<>();
        for (long word : words) {
            text.add(Long.toHexString(word));
        }
        return text;
    }
}
