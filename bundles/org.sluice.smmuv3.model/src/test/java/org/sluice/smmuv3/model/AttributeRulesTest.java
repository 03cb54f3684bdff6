package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.Gbpa;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.MemoryAttributes;
import org.sluice.vmsa.arch.Stage1Leaf;
import org.sluice.vmsa.arch.Stage2Leaf;

/** What an access carries on: overrides of STE and GBPA, MAIR, both stages together, FWB. */
class AttributeRulesTest {
    private static final long BYPASS = StreamTableEntry.withConfig(1, StreamTableEntry.CONFIG_BYPASS);
    private static final long NESTED = StreamTableEntry.CONFIG_NESTED;

    private static Smmu bypass(long word1, Object... properties) {
        return Smmu.on(properties).ste(Smmu.SID, BYPASS, word1);
    }

    private static MemoryAttributes attributes(Smmu smmu, int flags) {
        return smmu.explain(0x1000, flags).attributes();
    }

    private static long incoming() {
        return StreamTableEntry.withShcfg(0, StreamTableEntry.SHCFG_INCOMING);
    }

    @Test
    void aBypassedStreamKeepsWhatTheDeviceSent() {
        assertThat(attributes(bypass(incoming()), Dma.PRIVILEGED))
                .isEqualTo(new MemoryAttributes(0xff, MemoryAttributes.Shareability.INNER, false, true, false));
    }

    @ParameterizedTest
    @CsvSource({"0, 0x00", "1, 0x04", "2, 0x08", "3, 0x0c", "5, 0x44", "6, 0x4b", "10, 0xbb", "15, 0xff", "13, 0xf4"})
    void mtcfgReplacesTheType(int memAttr, String type) {
        long word1 = StreamTableEntry.withMemAttr(StreamTableEntry.withMtcfg(incoming(), 1), memAttr);
        assertThat(attributes(bypass(word1), 0).type()).isEqualTo(Integer.decode(type));
        assertThat(attributes(bypass(word1, "idr1.ATTR_TYPES_OVR", 0), 0).type())
                .isEqualTo(0xff);
        assertThat(attributes(bypass(StreamTableEntry.withMtcfg(word1, 0)), 0).type())
                .isEqualTo(0xff);
    }

    @ParameterizedTest
    @CsvSource({"0, NON", "1, INNER", "2, OUTER", "3, INNER"})
    void shcfgReplacesTheShareability(int shcfg, MemoryAttributes.Shareability expected) {
        assertThat(attributes(bypass(StreamTableEntry.withShcfg(0, shcfg)), 0).shareability())
                .isEqualTo(expected);
    }

    @Test
    void deviceMemoryIsOuterShareableWhateverShcfgSays() {
        long word1 = StreamTableEntry.withMtcfg(StreamTableEntry.withShcfg(0, 0), 1);
        assertThat(attributes(bypass(word1), 0).shareability()).isEqualTo(MemoryAttributes.Shareability.OUTER);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0xff, false",
        "7, 0xff, false",
        "8, 0xcc, false",
        "10, 0xdd, false",
        "12, 0xee, false",
        "15, 0xff, true"
    })
    void alloccfgReplacesTheHints(int alloccfg, String type, boolean isTransient) {
        MemoryAttributes attributes = attributes(bypass(StreamTableEntry.withAlloccfg(incoming(), alloccfg)), 0);
        assertThat(attributes.type()).isEqualTo(Integer.decode(type));
        assertThat(attributes.transientHint()).isEqualTo(isTransient);
    }

    @Test
    void whileOffTheAttributesAreThoseOfGbpa_R46() {
        Smmu smmu = Smmu.reset();
        long gbpa = Gbpa.withMtcfg(Gbpa.UPDATE_MASK, 1);
        gbpa = Gbpa.withMemAttr(gbpa, 5);
        gbpa = Gbpa.withPrivcfg(gbpa, 3);
        gbpa = Gbpa.withInstcfg(gbpa, 3);
        smmu.registers.write32(Gbpa.ADDRESS, (int) gbpa);
        assertThat(attributes(smmu, 0))
                .isEqualTo(new MemoryAttributes(0x44, MemoryAttributes.Shareability.OUTER, false, true, true));
        assertThat(attributes(smmu, IommuModel.WRITE).instruction()).isFalse();
        assertThat(smmu.registers.read32(Cr0.ADDRESS)).isZero();
    }

    private static Smmu stage1(long word1, long attributes, Object... properties) {
        Smmu smmu = Smmu.on(properties).ste(Smmu.SID, Smmu.stage1Word0(0), word1);
        smmu.cd(0, Smmu.cdWord0(1), Smmu.ROOT, 0, 0x0c_bb_4f_f4_44_00_04_ffL);
        smmu.map(Smmu.ROOT, 0x1000, 0x9400_0000L, attributes);
        return smmu;
    }

    @ParameterizedTest
    @CsvSource({"0, 0xff", "1, 0x04", "2, 0x00", "3, 0x44", "4, 0xf4", "5, 0x4f", "6, 0xbb", "7, 0x0c"})
    void stage1SelectsAByteOfMair(int index, String type) {
        long attributes = Stage1Leaf.withAttrIndx(Tables.RW, index);
        // overrides of the type mean nothing where stage 1 translates
        Smmu smmu = stage1(StreamTableEntry.withMtcfg(0, 1), attributes);
        for (int hit = 0; hit < 2; hit++) {
            assertThat(attributes(smmu, 0).type()).isEqualTo(Integer.decode(type));
            smmu.read(0x1000);
        }
        assertThat(smmu.counter("tlb.miss")).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"0, NON", "2, OUTER", "3, INNER"})
    void stage1HasTheShareability(int sh, MemoryAttributes.Shareability expected) {
        assertThat(attributes(stage1(0, Stage1Leaf.withSh(Tables.RW, sh)), 0).shareability())
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"0, 0, false", "0, 1, true", "2, 1, false", "3, 0, true", "3, 1, true", "1, 0, false"})
    void privcfgDecidesThePrivilege(int privcfg, int flags, boolean privileged) {
        // only privileged accesses are permitted
        Smmu smmu = stage1(StreamTableEntry.withPrivcfg(0, privcfg), Tables.RW & ~Stage1Leaf.AP_UNPRIV_MASK);
        assertThat(smmu.read(Dma.NO_PASID, 0x1000, new byte[4], flags)).isEqualTo(privileged ? Dma.OK : Dma.ABORT);
        smmu.read(Dma.NO_PASID, 0x2000, new byte[4], flags);
        long[] event = smmu.events().get(privileged ? 0 : 1);
        assertThat(EvtFTranslation.pnU(event[1]) != 0).isEqualTo(privileged);
    }

    @ParameterizedTest
    @CsvSource({"0, 0, false", "0, 2, true", "2, 2, false", "3, 0, true", "1, 2, true"})
    void instcfgDecidesWhatIsAnInstruction(int instcfg, int flags, boolean instruction) {
        Smmu smmu = stage1(StreamTableEntry.withInstcfg(0, instcfg), Tables.RW | Stage1Leaf.UXN_MASK);
        assertThat(smmu.read(Dma.NO_PASID, 0x1000, new byte[4], flags)).isEqualTo(instruction ? Dma.ABORT : Dma.OK);
        assertThat(smmu.write(0x1000)).isEqualTo(Dma.OK);
        smmu.read(Dma.NO_PASID, 0x2000, new byte[4], flags);
        long[] event = smmu.events().get(instruction ? 1 : 0);
        assertThat(EvtFTranslation.inD(event[1]) != 0).isEqualTo(instruction);
    }

    @Test
    void withoutTheirIdBitPrivcfgAndInstcfgMeanNothing_R51() {
        long word1 = StreamTableEntry.withInstcfg(StreamTableEntry.withPrivcfg(0, 3), 3);
        Smmu smmu = stage1(word1, Tables.RW & ~Stage1Leaf.AP_UNPRIV_MASK, "idr1.ATTR_PERMS_OVR", 0);
        assertThat(smmu.read(0x1000)).isEqualTo(Dma.ABORT);
    }

    private static Smmu both(int mairByte, int sh1, int memAttr, int sh2, boolean fwb) {
        Smmu smmu = Smmu.on();
        long word0 = StreamTableEntry.withConfig(Smmu.stage1Word0(0), NESTED);
        long word1 = StreamTableEntry.withS2fwb(0, fwb ? 1 : 0);
        smmu.ste(Smmu.SID, word0, word1, Smmu.stage2Word2(7), Smmu.ROOT2);
        smmu.identity2(2);
        smmu.cd(0, Smmu.cdWord0(1), Smmu.ROOT, 0, mairByte);
        smmu.map(Smmu.ROOT, 0x1000, 0x1_0000_0000L, Stage1Leaf.withSh(Tables.RW, sh1));
        long attributes = Tables.S2_RW & ~Stage2Leaf.MEMATTR_MASK;
        smmu.map2(0x1_0000_0000L, 0x9400_0000L, Stage2Leaf.withSh(Stage2Leaf.withMemAttr(attributes, memAttr), sh2));
        return smmu;
    }

    /** The stronger Device, else the lesser cacheability of each level, with stage 1's hints. */
    @ParameterizedTest
    @CsvSource({
        "0xff, 15, 0xff",
        "0xff, 5, 0x44",
        "0xff, 10, 0xbb",
        "0xff, 13, 0xf4",
        "0xff, 0, 0x00",
        "0xff, 3, 0x0c",
        "0x44, 15, 0x44",
        "0xee, 15, 0xee",
        "0xaa, 15, 0xaa",
        "0x04, 15, 0x04",
        "0x04, 3, 0x04",
        "0x0c, 1, 0x04",
        "0x4f, 15, 0x4f",
        "0x77, 10, 0x33"
    })
    void bothStagesMakeTheWeakerType(String stage1, int memAttr, String expected) {
        Smmu smmu = both(Integer.decode(stage1), 3, memAttr, 3, false);
        for (int hit = 0; hit < 2; hit++) {
            assertThat(attributes(smmu, 0).type()).isEqualTo(Integer.decode(expected));
            smmu.read(0x1000);
        }
    }

    @ParameterizedTest
    @CsvSource({"0,0,NON", "0,3,INNER", "3,0,INNER", "3,2,OUTER", "2,0,OUTER", "3,3,INNER"})
    void bothStagesMakeTheWiderShareability(int sh1, int sh2, MemoryAttributes.Shareability expected) {
        assertThat(attributes(both(0xff, sh1, 15, sh2, false), 0).shareability())
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "0x44, 6, 0xff",
        "0x04, 6, 0xff",
        "0xee, 6, 0xee",
        "0xff, 5, 0x44",
        "0x04, 5, 0x04",
        "0xff, 7, 0xff",
        "0x44, 7, 0x44",
        "0x04, 7, 0x04",
        "0xff, 1, 0x04",
        "0x00, 3, 0x00"
    })
    void withFwbStage2DecidesTheType(String stage1, int memAttr, String expected) {
        assertThat(attributes(both(Integer.decode(stage1), 3, memAttr, 3, true), 0)
                        .type())
                .isEqualTo(Integer.decode(expected));
    }

    @Test
    void stage2AloneCombinesWithWhatTheStreamSends() {
        Smmu smmu = Smmu.on();
        long word0 = StreamTableEntry.withConfig(Smmu.stage1Word0(0), StreamTableEntry.CONFIG_S2_TRANSLATE);
        long word1 = StreamTableEntry.withMemAttr(StreamTableEntry.withMtcfg(incoming(), 1), 5);
        smmu.ste(Smmu.SID, word0, word1, Smmu.stage2Word2(7), Smmu.ROOT2);
        smmu.map2(0x1000, 0x9400_0000L, Tables.S2_RW);
        for (int hit = 0; hit < 2; hit++) {
            assertThat(attributes(smmu, 0).type()).isEqualTo(0x44);
            smmu.read(0x1000);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 0, true", "1, 0, false", "1, 1, true"})
    void e0pdKeepsUnprivilegedAccessesFromTheWholeHalf(int e0pd, int flags, boolean reached) {
        Smmu smmu = Smmu.translating();
        smmu.cd(0, Smmu.cdWord0(1), ContextDescriptor.withE0pd0(Smmu.ROOT, e0pd));
        smmu.map(Smmu.ROOT, 0x1000, 0x9400_0000L, Tables.RW);
        smmu.read(Dma.NO_PASID, 0x1000, new byte[4], Dma.PRIVILEGED);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, flags).reason()).isEqualTo(reached ? "" : "F_TRANSLATION");
    }

    @Test
    void e0pdNeedsItsIdBit_R51() {
        Smmu smmu = Smmu.translating("idr3.E0PD", 0);
        smmu.cd(0, Smmu.cdWord0(1), ContextDescriptor.withE0pd0(Smmu.ROOT, 1));
        smmu.map(Smmu.ROOT, 0x1000, 0x9400_0000L, Tables.RW);
        assertThat(smmu.read(0x1000)).isEqualTo(Dma.OK);
    }

    @ParameterizedTest
    @CsvSource({"0, 0, true", "1, 0, true", "1, 1, false"})
    void epanExtendsPanToWhatIsExecutableUnprivileged(int pan, int epan, boolean reached) {
        Smmu smmu = Smmu.translating();
        long word0 = ContextDescriptor.withPan(Smmu.cdWord0(1), pan);
        smmu.cd(0, word0, ContextDescriptor.withEpan(Smmu.ROOT, epan));
        smmu.map(Smmu.ROOT, 0x1000, 0x9400_0000L, Tables.RW & ~Stage1Leaf.AP_UNPRIV_MASK);
        smmu.map(Smmu.ROOT, 0x2000, 0x9400_0000L, Tables.RW & ~Stage1Leaf.AP_UNPRIV_MASK | Stage1Leaf.UXN_MASK);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, Dma.PRIVILEGED).reason())
                .isEqualTo(reached ? "" : "F_PERMISSION");
        assertThat(smmu.translate(Dma.NO_PASID, 0x2000, Dma.PRIVILEGED).reason())
                .isEmpty();
    }
}
