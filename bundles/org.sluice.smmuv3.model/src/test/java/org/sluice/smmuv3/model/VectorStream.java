package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalLong;
import org.sluice.layout.Field;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.L1ContextDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.Translation;

/** A vector of an STE: what an access of its stream meets. */
record VectorStream(Vector vector, Smmu smmu, WatchedMemory watched) {
    /** Where an access goes unless the vector says. */
    static final long IA = 0x1000;

    private static final long LEAF_CONTEXTS = 0x9000_0000L;

    static boolean isField(String name) {
        return name.startsWith("STE.")
                || StreamTableEntry.LAYOUT.field(name).isPresent()
                        && !name.equals("V")
                        && ContextDescriptor.LAYOUT.field(name).isEmpty();
    }

    /** An STE of the stream with the fields that a vector of another structure names. */
    static long[] entry(Vector vector, long... words) {
        long[] entry = words.clone();
        for (Field field : StreamTableEntry.LAYOUT.fields()) {
            OptionalLong value = isField(field.name()) ? vector.changed("STE", field.name()) : OptionalLong.empty();
            if (value.isPresent() && field.word() < entry.length) {
                entry[field.word()] = entry[field.word()] & ~field.mask() | value.getAsLong() << field.lsb();
            }
        }
        return entry;
    }

    static int substream(Vector vector) {
        return vector.stimulus("ssv", 0) != 0 ? (int) vector.stimulus("ssid", 0) : Dma.NO_PASID;
    }

    /** What the stimulus says of the access. */
    static int flags(Vector vector) {
        boolean write = vector.stimulusSays("write") || vector.stimulus("rnw", 1) == 0;
        boolean privileged =
                vector.stimulusSays("privileged") || vector.stimulusSays("priv") || vector.stimulus("pnu", 0) != 0;
        boolean execute = vector.stimulusSays("instruction") || vector.stimulus("ind", 0) != 0;
        return (write ? IommuModel.WRITE : 0) | (privileged ? Dma.PRIVILEGED : 0) | (execute ? Dma.EXECUTE : 0);
    }

    /** The outcome of the vector's access to an address. */
    static int access(Vector vector, Smmu smmu, long iova) {
        return smmu.read(substream(vector), iova, new byte[4], flags(vector));
    }

    void check() {
        smmu.ste(Smmu.SID, vector.input());
        if (vector.says(Phrase.FIRST_LEVEL) && vector.event().length == 0) {
            smmu.write(firstLevel(), LEAF_CONTEXTS | 1);
        }
        long iova = vector.stimulus("ia", IA);
        watched.reads.clear();
        int outcome = access(vector, smmu, iova);
        if (isChoice()) {
            assertThat(smmu.eventNames())
                    .isSubsetOf("C_BAD_CD", vector.expectedEvents().get(0));
        } else if (VectorOutcome.isFault(vector)) {
            VectorOutcome.check(vector, smmu, outcome);
        } else if (usesStage2()) {
            new VectorStage2(vector, smmu, watched).check(outcome);
        } else if (vector.says(Phrase.BYPASSED)) {
            assertThat(smmu.translate(substream(vector), iova, flags(vector)))
                    .isEqualTo(new Translation(Translation.Outcome.BYPASSED, iova, 0, ""));
            assertThat(smmu.events()).isEmpty();
            assertThat(smmu.counter("cd.fetch")).isZero();
        } else {
            contexts();
        }
    }

    private long firstLevel() {
        long pointer = StreamTableEntry.s1ContextPtr(vector.input()[0]);
        long entry = (Math.max(0, substream(vector)) >>> leafBits(vector)) * L1ContextDescriptor.BYTES;
        return vector.expectedAfter("@").orElse(pointer + entry);
    }

    private static int leafBits(Vector vector) {
        return StreamTableEntry.s1Fmt(vector.input()[0]) == StreamTableEntry.S1FMT_TWO_LEVEL_4K ? 6 : 10;
    }

    /** Where the CD is that the vector leads to; where its table has two levels, in the leaf that is written here. */
    static long context(Vector vector) {
        long substream = Math.max(0, substream(vector));
        OptionalLong index = vector.expectedAfter("index");
        if (vector.says(Phrase.FIRST_LEVEL)) {
            long last = (1L << leafBits(vector)) - 1;
            return LEAF_CONTEXTS + index.orElse(substream & last) * ContextDescriptor.BYTES;
        }
        boolean substreams = vector.feature("SSIDSIZE") && StreamTableEntry.s1cdMax(vector.input()[0]) != 0;
        long number = index.orElse(substreams ? substream : 0);
        long context = StreamTableEntry.s1ContextPtr(vector.input()[0]) + number * ContextDescriptor.BYTES;
        return vector.expectedAfter("@").orElse(context);
    }

    private boolean isChoice() {
        return vector.event().length == 0
                && vector.says(Phrase.RESERVED)
                && !vector.expectedEvents().isEmpty();
    }

    private boolean usesStage2() {
        return StreamTableEntry.config(vector.input()[0]) > StreamTableEntry.CONFIG_S1_TRANSLATE;
    }

    private void contexts() {
        if (vector.says(Phrase.FIRST_LEVEL)) {
            assertThat(watched.reads).contains(firstLevel(), context(vector));
        } else {
            assertThat(watched.reads).contains(context(vector));
        }
        // there is no valid CD in this memory
        assertThat(smmu.eventNames()).isEqualTo(List.of("C_BAD_CD"));
        if (vector.expectedAfter("VMID").isPresent()) {
            VectorStage2.tagsByVmid(smmu, (int) vector.expectedAfter("VMID").getAsLong());
        }
    }
}
