package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;

/** A vector of a queue's pointers: what a command queue holds, or whether an event queue takes a record. */
record VectorQueue(Vector vector, Smmu smmu, WatchedMemory watched) {
    private static final Pattern NEGATION =
            Pattern.compile("\\b(no|not|inactive|acknowledged|cleared|non)\\b", Pattern.CASE_INSENSITIVE);
    // what it is, and not what a record makes of it
    private static final Pattern STATE = Pattern.compile(
            "overflow (is |condition )|no overflow|OVFLG ?[!=]=|acknowledged", Pattern.CASE_INSENSITIVE);
    private static final Pattern COUNT = Pattern.compile("(\\d+) (entr|free)");
    private static final Pattern INDICES = Pattern.compile("ind(?:ex|ices) +(\\d+(?:, *\\d+)*)");

    void check() {
        int producer = (int) vector.input()[0];
        int consumer = (int) vector.input()[1];
        long log2size = Math.min(vector.number("LOG2SIZE"), 19);
        long used = (producer - consumer) & (2L << log2size) - 1;
        boolean full = used == 1L << log2size;
        if (vector.says(Phrase.FULL)) {
            assertThat(isSaid("full")).isEqualTo(full);
        }
        if (vector.says(Phrase.EMPTY)) {
            assertThat(isSaid("empty")).isEqualTo(used == 0);
        }
        boolean active = EventqProd.ovflg(producer) != EventqCons.ovackflg(consumer);
        if (STATE.matcher(vector.expected()).find()) {
            assertThat(isSaid(STATE.pattern())).isEqualTo(active);
        }
        if (vector.says(Phrase.ENTRIES)) {
            consumesCommands(producer, consumer, log2size, used);
        } else {
            producesEvent(producer, consumer, log2size, full, active);
        }
    }

    /** Whether the part of the expectation that has a word affirms it. */
    private boolean isSaid(String word) {
        return Stream.of(vector.expected().split("[;,]"))
                .filter(part -> Pattern.compile(word, Pattern.CASE_INSENSITIVE)
                        .matcher(part)
                        .find())
                .noneMatch(part -> NEGATION.matcher(part).find());
    }

    private void consumesCommands(int producer, int consumer, long log2size, long used) {
        long mask = (1L << log2size) - 1;
        List<Long> order =
                LongStream.range(0, used).map(i -> consumer + i & mask).boxed().toList();
        Matcher count = COUNT.matcher(vector.expected());
        if (count.find()) {
            boolean free = count.group(2).equals("free");
            assertThat(free ? mask + 1 - used : used).isEqualTo(Long.parseLong(count.group(1)));
        }
        Matcher indices = INDICES.matcher(vector.expected());
        if (indices.find()) {
            assertThat(order)
                    .isEqualTo(Stream.of(indices.group(1).split(", *"))
                            .map(Long::parseLong)
                            .toList());
        }
        smmu.registers.write64(CmdqBase.ADDRESS, Smmu.COMMANDS | log2size);
        smmu.registers.write32(CmdqProd.ADDRESS, producer);
        smmu.registers.write32(CmdqCons.ADDRESS, consumer);
        for (long i = 0; i <= mask; i++) {
            smmu.write(Smmu.COMMANDS + i * 16L, 0x46, 0);
        }
        watched.reads.clear();
        smmu.registers.write32(Cr0.ADDRESS, (int) Cr0.CMDQEN_MASK);
        List<Long> expected =
                order.stream().map(index -> Smmu.COMMANDS + 16 * index).toList();
        assertThat(watched.reads.stream().filter(address -> address % 16 == 0)).containsExactlyElementsOf(expected);
        assertThat(smmu.registers.read32(CmdqCons.ADDRESS)).isEqualTo(producer);
    }

    private void producesEvent(int producer, int consumer, long log2size, boolean full, boolean active) {
        smmu.registers.write64(StrtabBase.ADDRESS, Smmu.STREAMS);
        smmu.registers.write32(StrtabBaseCfg.ADDRESS, Smmu.STREAM_BITS);
        smmu.registers.write64(EventqBase.ADDRESS, Smmu.EVENTS | log2size);
        smmu.registers.write32(EventqProd.ADDRESS, producer);
        smmu.registers.write32(EventqCons.ADDRESS, consumer);
        smmu.registers.write32(Cr0.ADDRESS, (int) (Cr0.EVENTQEN_MASK | Cr0.SMMUEN_MASK));
        // STEs are V=0 here, so this is an event; a full queue turns it into an overflow, once
        smmu.read(VectorStream.IA);
        long now = Integer.toUnsignedLong(smmu.registers.read32(EventqProd.ADDRESS));
        long next = EventqProd.wr(producer) + 1 & (2L << log2size) - 1;
        assertThat(EventqProd.wr(now)).isEqualTo(full ? EventqProd.wr(producer) : next);
        assertThat(EventqProd.ovflg(now) != EventqProd.ovflg(producer)).isEqualTo(full && !active);
        assertThat(smmu.counter("event.lost")).isEqualTo(full ? 1 : 0);
    }
}
