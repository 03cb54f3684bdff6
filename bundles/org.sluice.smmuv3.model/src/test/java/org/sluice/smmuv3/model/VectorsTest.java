package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.sluice.smmuv3.arch.Aidr;
import org.sluice.smmuv3.arch.CmdStallTerm;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Translation;
import org.sluice.vmsa.arch.Stage1Leaf;

/** The vectors, which were written from the architecture by somebody who did not write this model. */
class VectorsTest {
    private static final long IA = 0x1000;
    private static final long PAGE = 0x9800_0000L;
    private static final long LEAF_CONTEXTS = 0x9000_0000L;

    @TestFactory
    Stream<DynamicTest> vectors() {
        return Vector.load().stream().map(vector -> {
            String missing = VectorIdentity.missing(vector);
            String name = vector.kind() + " " + vector.id() + ": " + vector.expected();
            if (missing.isEmpty()) {
                return DynamicTest.dynamicTest(name, () -> run(vector));
            }
            return VectorDecoding.decides(vector)
                    ? DynamicTest.dynamicTest(
                            name + " [decoder only: " + missing + ", not announced]",
                            () -> VectorDecoding.check(vector))
                    : DynamicTest.dynamicTest(
                            name + " [skipped: " + missing + ", not modelled]", () -> Assumptions.abort(missing));
        });
    }

    private void run(Vector vector) {
        WatchedMemory[] watched = new WatchedMemory[1];
        Smmu smmu = Smmu.reset(memory -> watched[0] = new WatchedMemory(memory), VectorIdentity.properties(vector));
        assertThat(smmu.registers.read32(Aidr.ADDRESS)).isPositive();
        if (vector.kind().equals("STE") || vector.kind().equals("CD")) {
            // whatever stalls ends at once
            smmu.onInterrupt = () -> smmu.command(CmdStallTerm.OPCODE_VALUE | (long) Smmu.SID << 32, 0);
        }
        switch (vector.kind()) {
            case "STE" -> stream(vector, VectorIdentity.enable(vector, smmu), watched[0]);
            case "CD" -> context(vector, VectorIdentity.enable(vector, smmu));
            case "L1STD" -> streamDescriptor(vector, smmu, watched[0]);
            case "CMD" -> new VectorCommand(vector, VectorIdentity.enable(vector, smmu)).run();
            case "QUEUE" -> queue(vector, smmu, watched[0]);
            default -> throw new AssertionError("a vector of unknown kind " + vector.kind());
        }
    }

    private static void stream(Vector vector, Smmu smmu, WatchedMemory watched) {
        smmu.ste(Smmu.SID, vector.input());
        if (vector.expected().startsWith("READ L1CD")) {
            smmu.write(vector.expectedAfter("@"), LEAF_CONTEXTS | 1);
        }
        int substream = vector.stimulus("ssv", 0) != 0 ? (int) vector.stimulus("ssid", 0) : Dma.NO_PASID;
        watched.reads.clear();
        int outcome = smmu.read(substream, IA, new byte[4], 0);
        if (isStage2(vector)) {
            new VectorStage2(vector, smmu, watched).check(outcome);
        } else if (vector.expected().startsWith("FETCH CD") || vector.expected().startsWith("RES0")) {
            long table = Smmu.CONTEXTS;
            assertThat(watched.reads).contains(vector.expected().contains("@") ? vector.expectedAfter("@") : table);
            // there is no valid CD in this memory
            assertThat(smmu.eventNames()).containsExactly("C_BAD_CD");
            if (vector.expected().contains("VMID ")) {
                VectorStage2.tagsByVmid(smmu, (int) vector.expectedAfter("VMID "));
            }
        } else if (vector.expected().startsWith("READ L1CD")) {
            assertThat(watched.reads)
                    .contains(vector.expectedAfter("@"), LEAF_CONTEXTS + vector.expectedAfter("index ") * 64);
        } else if (vector.expected().toLowerCase(Locale.ROOT).contains("bypass")) {
            assertThat(smmu.translate(substream, IA, 0))
                    .isEqualTo(new Translation(Translation.Outcome.BYPASSED, IA, 0, ""));
            assertThat(smmu.events()).isEmpty();
        } else {
            assertThat(outcome).isEqualTo(Dma.ABORT);
            assertEvent(vector, smmu);
        }
    }

    /** A legal entry with a stage 2: what comes after the decoding is a walk of stage 2. */
    private static boolean isStage2(Vector vector) {
        boolean error = vector.expected().startsWith("C_BAD") || vector.event().length != 0;
        long config = StreamTableEntry.config(vector.input()[0]);
        return !error && config > StreamTableEntry.CONFIG_S1_TRANSLATE;
    }

    private static void context(Vector vector, Smmu smmu) {
        smmu.stage1(0, 0).cd(0, vector.input());
        long iova = vector.stimulus("ia", IA);
        String expected = vector.expected();
        if (expected.startsWith("WALK TTB")) {
            walk(vector, smmu, iova, expected.startsWith("WALK TTB1"));
            return;
        }
        int outcome = smmu.read(iova);
        assertThat(outcome).isEqualTo(expected.startsWith("RAZ/WI") ? Dma.RAZ_WI : Dma.ABORT);
        assertEvent(vector, smmu);
    }

    // maps the page of an address in the half, as the context says that its tables are
    private static void walk(Vector vector, Smmu smmu, long iova, boolean high) {
        long[] cd = vector.input();
        long encoded = high ? ContextDescriptor.tg1(cd[0]) : ContextDescriptor.tg0(cd[0]);
        int granule = (high ? new int[] {0, 14, 12, 16} : new int[] {12, 16, 14, 0})[(int) encoded];
        int inputBits = 64 - (int) (high ? ContextDescriptor.t1sz(cd[0]) : ContextDescriptor.t0sz(cd[0]));
        long root = high ? ContextDescriptor.ttb1(cd[2]) : ContextDescriptor.ttb0(cd[1]);
        long size = 1L << granule;
        Tables.map(smmu, root, granule, inputBits, iova, 3, PAGE | Tables.RW | Stage1Leaf.TYPE_PAGE);
        assertThat(smmu.translate(Dma.NO_PASID, iova, 0))
                .isEqualTo(new Translation(Translation.Outcome.TRANSLATED, PAGE | iova & size - 1, size, ""));
        assertThat(smmu.read(iova)).isEqualTo(Dma.OK);
        assertThat(smmu.events()).isEmpty();
    }

    private static void streamDescriptor(Vector vector, Smmu smmu, WatchedMemory watched) {
        int split = (int) vector.number("SPLIT");
        smmu.twoLevelStreams(Smmu.STREAMS, (int) vector.number("LOG2SIZE"), split)
                .enable();
        int sid = (int) vector.stimulus("sid", 0);
        smmu.write(Smmu.STREAMS + (long) (sid >>> split) * 8, vector.input());
        watched.reads.clear();
        assertThat(smmu.model.transact(sid, Dma.NO_PASID, IA, 0, new byte[4], 0, 4))
                .isEqualTo(Dma.ABORT);
        if (vector.expected().startsWith("STE @")) {
            assertThat(watched.reads.get(1)).isEqualTo(vector.expectedAfter("@"));
        } else {
            assertEvent(vector, smmu);
        }
    }

    private static void queue(Vector vector, Smmu smmu, WatchedMemory watched) {
        int producer = (int) vector.input()[0];
        int consumer = (int) vector.input()[1];
        long log2size = vector.number("LOG2SIZE");
        if (vector.expected().contains("indices")) {
            smmu.registers.write64(CmdqBase.ADDRESS, Smmu.COMMANDS | log2size);
            smmu.registers.write32(CmdqProd.ADDRESS, producer);
            smmu.registers.write32(CmdqCons.ADDRESS, consumer);
            for (int i = 0; i < 8; i++) {
                smmu.write(Smmu.COMMANDS + i * 16L, 0x46, 0);
            }
            watched.reads.clear();
            smmu.registers.write32(Cr0.ADDRESS, (int) Cr0.CMDQEN_MASK);
            String indices = vector.expected().substring(vector.expected().indexOf("indices") + 8);
            List<Long> expected = Stream.of(indices.split(","))
                    .map(index -> Smmu.COMMANDS + 16 * Long.parseLong(index.trim()))
                    .toList();
            assertThat(watched.reads.stream().filter(address -> address % 16 == 0))
                    .containsExactlyElementsOf(expected);
            assertThat(smmu.registers.read32(CmdqCons.ADDRESS)).isEqualTo(producer);
            return;
        }
        // a full queue has the same index and the other wrap bit
        boolean full = ((producer ^ consumer) & (2L << log2size) - 1) == 1L << log2size;
        boolean empty = ((producer ^ consumer) & (2L << log2size) - 1) == 0;
        assertThat(!vector.expected().startsWith("full") || full).isTrue();
        assertThat(!vector.expected().startsWith("empty") || empty).isTrue();
        smmu.registers.write64(StrtabBase.ADDRESS, Smmu.STREAMS);
        smmu.registers.write32(StrtabBaseCfg.ADDRESS, Smmu.STREAM_BITS);
        smmu.registers.write64(EventqBase.ADDRESS, Smmu.EVENTS | log2size);
        smmu.registers.write32(EventqProd.ADDRESS, producer);
        smmu.registers.write32(EventqCons.ADDRESS, consumer);
        smmu.registers.write32(Cr0.ADDRESS, (int) (Cr0.EVENTQEN_MASK | Cr0.SMMUEN_MASK));
        boolean active = EventqProd.ovflg(producer) != EventqCons.ovackflg(consumer);
        assertThat(!vector.expected().contains("overflow condition active") || active)
                .isTrue();
        // STEs are V=0 here, so this is an event; a full queue turns it into an overflow, once
        smmu.read(IA);
        long now = Integer.toUnsignedLong(smmu.registers.read32(EventqProd.ADDRESS));
        long next = EventqProd.wr(producer) + 1 & (2L << log2size) - 1;
        assertThat(EventqProd.wr(now)).isEqualTo(full ? EventqProd.wr(producer) : next);
        assertThat(EventqProd.ovflg(now) != EventqProd.ovflg(producer)).isEqualTo(full && !active);
        assertThat(smmu.counter("event.lost")).isEqualTo(full ? 1 : 0);
    }

    private static void assertEvent(Vector vector, Smmu smmu) {
        List<long[]> events = smmu.events();
        if (vector.event().length == 0) {
            assertThat(vector.expected()).containsIgnoringCase("no event");
            assertThat(events).isEmpty();
        } else {
            assertThat(events).hasSize(1);
            long[] event = events.get(0);
            if (vector.expected().startsWith("STALL")) {
                event[1] &= ~EvtFTranslation.STAG_MASK;
            }
            assertThat(event).containsExactly(vector.event());
        }
    }
}
