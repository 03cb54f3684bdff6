package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.sluice.smmuv3.arch.Aidr;
import org.sluice.smmuv3.arch.CmdStallTerm;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.board.Dma;

/**
 * The vectors: those that were written from the architecture by somebody who did not write this model, and the mirror of
 * them, with the values that they leave out.
 */
class VectorsTest {
    @TestFactory
    Stream<DynamicTest> vectors() {
        return Vector.load().stream().map(vector -> {
            String name = vector.kind() + " " + vector.id() + ": " + vector.expected();
            String missing;
            try {
                Phrase.check(vector);
                missing = VectorIdentity.missing(vector);
            } catch (AssertionError notUnderstood) {
                // the others run
                return DynamicTest.dynamicTest(name, () -> {
                    throw notUnderstood;
                });
            }
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
            case "STE" -> new VectorStream(vector, VectorIdentity.enable(vector, smmu), watched[0]).check();
            case "CD" -> new VectorContext(vector, VectorIdentity.enable(vector, smmu)).check();
            case "L1STD" -> streamDescriptor(vector, smmu, watched[0]);
            case "CMD" -> new VectorCommand(vector, VectorIdentity.enable(vector, smmu)).run();
            default -> new VectorQueue(vector, smmu, watched[0]).check();
        }
    }

    private static void streamDescriptor(Vector vector, Smmu smmu, WatchedMemory watched) {
        int split = (int) vector.number("SPLIT");
        smmu.twoLevelStreams(Smmu.STREAMS, (int) vector.number("LOG2SIZE"), split);
        VectorIdentity.enable(vector, smmu);
        assertThat(StrtabBaseCfg.split(smmu.registers.read32(StrtabBaseCfg.ADDRESS)))
                .isEqualTo(split);
        // the reserved ones act as 6
        int effective = split == 8 || split == 10 ? split : 6;
        int sid = (int) vector.stimulus("sid", 0);
        smmu.write(Smmu.STREAMS + (long) (sid >>> effective) * 8, vector.input());
        watched.reads.clear();
        assertThat(smmu.model.transact(sid, Dma.NO_PASID, VectorStream.IA, 0, new byte[4], 0, 4))
                .isEqualTo(Dma.ABORT);
        if (vector.says(Phrase.ENTRY)) {
            assertThat(watched.reads.get(1)).isEqualTo(vector.expectedAfter("@").orElseThrow());
        } else {
            VectorOutcome.check(vector, smmu, Dma.ABORT);
        }
    }
}
