package org.sluice.smmuv2.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.sluice.smmuv2.arch.SCr0;
import org.sluice.smmuv2.arch.SGfar;
import org.sluice.smmuv2.arch.SGfsr;
import org.sluice.smmuv2.arch.SGfsynr0;
import org.sluice.smmuv2.arch.SGfsynr1;
import org.sluice.smmuv2.arch.StreamMatch;
import org.sluice.smmuv2.arch.StreamToContext;
import org.sluice.spi.board.Dma;

/** SMR, S2CR and what becomes of streams that no entry has (Arm IHI 0062, stream mapping). */
class StreamMatchingTest {
    private static final long PAGE = 0x8000_0000L;

    private final Smmu smmu = new Smmu();

    private StreamMatchingTest() {
        smmu.memory.write32(PAGE, 0x1234);
    }

    @Test
    void everythingPassesUntilSoftwareEnablesIt() {
        assertThat(smmu.word(Smmu.SID, PAGE)).isEqualTo(0x1234);
    }

    @Test
    void anUnmatchedStreamPassesOrFaultsAsUsfcfgSays() {
        smmu.registers.write32(SCr0.OFFSET, 0);
        assertThat(smmu.word(Smmu.SID, PAGE)).isEqualTo(0x1234);
        smmu.enable();
        assertThat(smmu.write(Smmu.SID, 0x8000_0120L, new byte[4])).isEqualTo(Dma.ABORT);
        assertThat(smmu.registers.read32(SGfsr.OFFSET)).isEqualTo((int) SGfsr.USF_MASK);
        assertThat(smmu.registers.read64(SGfar.OFFSET)).isEqualTo(0x8000_0120L);
        assertThat(SGfsynr1.streamID(smmu.registers.read32(SGfsynr1.OFFSET))).isEqualTo(Smmu.SID);
        assertThat(SGfsynr0.wnr(smmu.registers.read32(SGfsynr0.OFFSET))).isOne();
        assertThat(smmu.interrupts).containsExactly("global");
    }

    @Test
    void aGlobalFaultIsHiddenWithoutGcfgfreAndASecondSetsMulti() {
        smmu.registers.write32(SCr0.OFFSET, (int) SCr0.withUsfcfg(0, 1));
        byte[] data = {1, 2, 3, 4};
        assertThat(smmu.read(Smmu.SID, PAGE, data)).isEqualTo(Dma.RAZ_WI);
        assertThat(data).containsOnly(0);
        smmu.read(1, PAGE + 64, data);
        assertThat(smmu.registers.read32(SGfsr.OFFSET) & 0xffffffffL).isEqualTo(SGfsr.USF_MASK | SGfsr.MULTI_MASK);
        assertThat(smmu.registers.read64(SGfar.OFFSET)).isEqualTo(PAGE);
        smmu.registers.write32(SGfsr.OFFSET, -1);
        assertThat(smmu.registers.read32(SGfsr.OFFSET)).isZero();
    }

    @Test
    void maskBitsThatAreSetIgnoreThatBitOfTheId() {
        smmu.enable();
        long match = StreamMatch.withMask(StreamMatch.withId(0, 0x40), 0x0f);
        smmu.registers.write32(StreamMatch.OFFSET + 8, (int) StreamMatch.withValid(match, 1));
        smmu.registers.write32(
                StreamToContext.OFFSET + 8, (int) StreamToContext.withType(0, StreamToContext.TYPE_BYPASS));
        for (int stream = 0x38; stream < 0x58; stream++) {
            boolean matches = stream >= 0x40 && stream <= 0x4f;
            assertThat(smmu.word(stream, PAGE)).as("stream %x", stream).isEqualTo(matches ? 0x1234 : -1);
        }
    }

    @Test
    void twoEntriesForAStreamAreAConflict() {
        smmu.enable().stream(0, Smmu.SID, 0).stream(1, Smmu.SID, 1);
        assertThat(smmu.word(Smmu.SID, PAGE)).isEqualTo(-1);
        assertThat(smmu.registers.read32(SGfsr.OFFSET)).isEqualTo((int) SGfsr.SMCF_MASK);
    }

    @Test
    void anEntryThatFaultsAndABankThatIsNotThereAreGlobalFaults() {
        smmu.enable().stream(0, Smmu.SID, 0);
        smmu.registers.write32(StreamToContext.OFFSET, (int) StreamToContext.withType(0, StreamToContext.TYPE_FAULT));
        assertThat(smmu.word(Smmu.SID, PAGE)).isEqualTo(-1);
        assertThat(smmu.registers.read32(SGfsr.OFFSET)).isEqualTo((int) SGfsr.ICF_MASK);
        smmu.registers.write32(SGfsr.OFFSET, -1);
        smmu.registers.write32(StreamToContext.OFFSET, (int) StreamToContext.withCbndx(0, 200));
        assertThat(smmu.word(Smmu.SID, PAGE)).isEqualTo(-1);
        assertThat(smmu.registers.read32(SGfsr.OFFSET)).isEqualTo((int) SGfsr.UCBF_MASK);
    }

    @Test
    void extendedIdsUseAllSixteenBitsAndTheValidBitOfS2cr() {
        smmu.enable();
        long control = SCr0.withExidenable(smmu.registers.read32(SCr0.OFFSET), 1);
        smmu.registers.write32(SCr0.OFFSET, (int) control);
        smmu.registers.write32(StreamMatch.OFFSET, (int) StreamMatch.withExid(0, 0xff42));
        long bypass = StreamToContext.withType(0, StreamToContext.TYPE_BYPASS);
        smmu.registers.write32(StreamToContext.OFFSET, (int) bypass);
        assertThat(smmu.word(0xff42, PAGE)).as("not valid").isEqualTo(-1);
        smmu.registers.write32(StreamToContext.OFFSET, (int) StreamToContext.withExidvalid(bypass, 1));
        assertThat(smmu.word(0xff42, PAGE)).isEqualTo(0x1234);
        assertThat(smmu.word(0x7f42, PAGE)).isEqualTo(-1);
    }

    @Test
    void withoutMatchingTheStreamIsTheIndex() {
        Smmu indexed = new Smmu("idr0.SMS", 0, "idr0.NUMSIDB", 4).enable();
        indexed.memory.write32(PAGE, 7);
        indexed.registers.write32(
                StreamToContext.OFFSET + 4 * 9, (int) StreamToContext.withType(0, StreamToContext.TYPE_BYPASS));
        assertThat(indexed.word(9, PAGE)).isEqualTo(7);
        assertThat(indexed.word(16, PAGE)).as("beyond the table").isEqualTo(-1);
        assertThat(indexed.registers.read32(SGfsr.OFFSET)).isEqualTo((int) SGfsr.USF_MASK);
    }
}
