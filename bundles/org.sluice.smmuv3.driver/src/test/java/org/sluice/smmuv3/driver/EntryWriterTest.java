package org.sluice.smmuv3.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.sluice.smmuv3.arch.ContextDescriptor;

/** Transitions of linux-iommu.md section 5.3: how many syncs each takes, and what the SMMU can see at each. */
class EntryWriterTest {
    private static final UsedBits STREAM = new StreamEntryBits();
    private static final UsedBits CONTEXT = new ContextEntryBits();

    private final TestMemory memory = new TestMemory(64);

    private record Case(String name, UsedBits bits, long[] from, long[] to, int syncs, boolean hitless) {
        static Case ste(String name, long[] from, long[] to, int syncs, boolean hitless) {
            return new Case(name, STREAM, from, to, syncs, hitless);
        }

        static Case cd(String name, long[] from, long[] to, int syncs, boolean hitless) {
            return new Case(name, CONTEXT, from, to, syncs, hitless);
        }
    }

    @TestFactory
    Stream<DynamicTest> linuxTransitions() {
        return transitions().stream().map(test -> DynamicTest.dynamicTest(test.name(), () -> verify(test)));
    }

    /** The table of section 5.3, expected beside found. */
    @Test
    void allOfLinuxsTransitionsTakeTheirSyncsAndGapsAndNoMore() {
        List<Case> transitions = transitions();
        StringBuilder table = new StringBuilder(String.format("%-26s %14s %14s%n", "transition", "expected", "found"));
        int agreeing = 0;
        for (Case test : transitions) {
            Found found = run(test);
            boolean agrees = found.equals(new Found(test.syncs(), test.hitless()));
            agreeing += agrees ? 1 : 0;
            table.append(String.format(
                    "%-26s %14s %14s%s%n",
                    test.name(), new Found(test.syncs(), test.hitless()), found, agrees ? "" : "  <-- differs"));
        }
        table.append(String.format("%d of %d%n", agreeing, transitions.size()));
        System.out.print(table);
        assertThat(agreeing).as(table.toString()).isEqualTo(transitions.size()).isEqualTo(29);
    }

    private static List<Case> transitions() {
        long[] abort = Entries.abort();
        long[] bypass = Entries.bypass();
        long[] table = Entries.contextTable(StreamEntry.Untagged.SUBSTREAM_0);
        long[] dssBypass = Entries.contextTable(StreamEntry.Untagged.BYPASS);
        long[] moved = Entries.otherContextTable(StreamEntry.Untagged.BYPASS);
        long[] stallingTable = Entries.stallingContextTable();
        long[] s2 = Entries.stage2();
        long[] stallingS2 = Entries.stallingStage2();
        long[] nested = Entries.nested();
        long[] absent = ContextEntry.absent();
        long[] cd1997 = Entries.context(1997);
        long[] cd778 = Entries.context(778);
        long[] process = Entries.processContext(1997);
        long[] released = Entries.releasedContext(1997);
        return List.of(
                Case.ste("bypass to abort", bypass, abort, 2, true),
                Case.ste("abort to bypass", abort, bypass, 2, true),
                Case.ste("cdtable to abort", table, abort, 2, true),
                Case.ste("abort to cdtable", abort, table, 2, true),
                Case.ste("cdtable to bypass", table, bypass, 3, true),
                Case.ste("bypass to cdtable", bypass, table, 3, true),
                Case.ste("S1DSS to bypass", table, dssBypass, 1, true),
                Case.ste("S1DSS from bypass", dssBypass, table, 1, true),
                Case.ste("dss-bypass to STE bypass", dssBypass, bypass, 2, true),
                Case.ste("STE bypass to dss-bypass", bypass, dssBypass, 2, true),
                Case.ste("s2 to abort", s2, abort, 2, true),
                Case.ste("abort to s2", abort, s2, 2, true),
                Case.ste("s2 to bypass", s2, bypass, 2, true),
                Case.ste("bypass to s2", bypass, s2, 2, true),
                Case.ste("s1 to s2", table, s2, 3, true),
                Case.ste("s2 to s1", s2, table, 3, true),
                Case.ste("stalling s1 to s2", stallingTable, stallingS2, 3, true),
                Case.ste("stalling s2 to s1", stallingS2, stallingTable, 3, true),
                Case.ste("nested to s2", nested, s2, 3, true),
                Case.ste("s2 to nested", s2, nested, 2, true),
                Case.ste("CD pointer and S1DSS", table, moved, 3, false),
                Case.cd("absent to s1", absent, cd1997, 2, false),
                Case.cd("s1 to absent", cd1997, absent, 2, false),
                Case.cd("ASID", cd1997, cd778, 1, true),
                Case.cd("ASID back", cd778, cd1997, 1, true),
                Case.cd("absent to process", absent, process, 2, false),
                Case.cd("process to absent", process, absent, 2, false),
                Case.cd("process to released", process, released, 2, true),
                Case.cd("released to process", released, process, 2, true));
    }

    @Test
    void nothingIsWrittenWhenNothingChanges() {
        long[] table = Entries.contextTable(StreamEntry.Untagged.SUBSTREAM_0);
        store(table);
        long before = memory.writes();
        new EntryWriter(memory, STREAM).write(TestMemory.BASE, table, () -> {
            throw new AssertionError("synced");
        });
        assertThat(memory.writes()).isEqualTo(before);
    }

    @Test
    void anyTransitionShowsOnlyOldOrNewOrInvalid() {
        Random random = new Random(533);
        List<long[]> entries = List.of(
                Entries.abort(),
                Entries.bypass(),
                Entries.contextTable(StreamEntry.Untagged.SUBSTREAM_0),
                Entries.contextTable(StreamEntry.Untagged.BYPASS),
                Entries.contextTable(StreamEntry.Untagged.TERMINATE),
                Entries.otherContextTable(StreamEntry.Untagged.BYPASS),
                Entries.stallingContextTable(),
                Entries.stage2(),
                Entries.stallingStage2(),
                Entries.nested(),
                new long[8]);
        for (int round = 0; round < 20_000; round++) {
            long[] from = withNoise(entries.get(random.nextInt(entries.size())), random);
            long[] to = entries.get(random.nextInt(entries.size()));
            store(from);
            new EntryWriter(memory, STREAM)
                    .write(TestMemory.BASE, to, () -> requireOldOrNew(STREAM, from, to, "any transition"));
            assertThat(EntryWriter.read(memory, TestMemory.BASE)).containsExactly(to);
        }
    }

    @Test
    void anyContextTransitionShowsOnlyOldOrNewOrInvalid() {
        List<long[]> entries = List.of(
                ContextEntry.absent(),
                Entries.context(1997),
                Entries.context(778),
                Entries.otherContext(778),
                Entries.upperContext(5),
                Entries.releasedContext(1997));
        for (long[] from : entries) {
            for (long[] to : entries) {
                store(from);
                new EntryWriter(memory, CONTEXT)
                        .write(TestMemory.BASE, to, () -> requireOldOrNew(CONTEXT, from, to, "context"));
                assertThat(EntryWriter.read(memory, TestMemory.BASE)).containsExactly(to);
            }
        }
    }

    /**
     * What a transition did.
     *
     * @param syncs how often the SMMU was made to forget the entry
     * @param hitless whether it was valid all the time
     */
    private record Found(int syncs, boolean hitless) {
        @Override
        public String toString() {
            return syncs + (hitless ? " hitless" : " with gap");
        }
    }

    private void verify(Case test) {
        assertThat(run(test)).isEqualTo(new Found(test.syncs(), test.hitless()));
    }

    private Found run(Case test) {
        store(test.from());
        int[] syncs = {0};
        boolean[] broke = {false};
        new EntryWriter(memory, test.bits()).write(TestMemory.BASE, test.to(), () -> {
            syncs[0]++;
            long first = memory.read64(TestMemory.BASE);
            broke[0] |= first == 0;
            requireOldOrNew(test.bits(), test.from(), test.to(), test.name());
        });
        assertThat(EntryWriter.read(memory, TestMemory.BASE)).containsExactly(test.to());
        return new Found(syncs[0], !broke[0]);
    }

    private void requireOldOrNew(UsedBits bits, long[] from, long[] to, String name) {
        long[] seen = EntryWriter.read(memory, TestMemory.BASE);
        long[] safe = bits.safe(from, to);
        boolean invalid = seen[0] == 0;
        assertThat(invalid || equalOnUsed(bits, seen, from, safe) || equalOnUsed(bits, seen, to, safe))
                .as("%s: the SMMU sees something that is neither old nor new", name)
                .isTrue();
    }

    private static boolean equalOnUsed(UsedBits bits, long[] seen, long[] reference, long[] safe) {
        long[] used = bits.used(reference);
        for (int word = 0; word < used.length; word++) {
            if (((seen[word] ^ reference[word]) & used[word] & ~safe[word]) != 0) {
                return false;
            }
        }
        return true;
    }

    /** Sets bits that the entry does not use: what an earlier entry may have left there. */
    private static long[] withNoise(long[] entry, Random random) {
        long[] used = STREAM.used(entry);
        long[] noisy = entry.clone();
        for (int word = 0; word < noisy.length; word++) {
            noisy[word] |= random.nextLong() & random.nextLong() & ~used[word];
        }
        return noisy;
    }

    private void store(long[] entry) {
        for (int word = 0; word < ContextDescriptor.WORDS; word++) {
            memory.write64(TestMemory.BASE + (long) word * Long.BYTES, entry[word]);
        }
    }
}
