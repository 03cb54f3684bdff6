package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.MemoryAttributes;
import org.sluice.spi.board.Translation;
import org.sluice.vmsa.arch.Shareability;
import org.sluice.vmsa.arch.Stage1Leaf;

/** 52-bit addresses: CD.DS and STE.S2DS for 4K and 16K, VAX and OAS for 64K. */
class LargeAddressRulesTest {
    private static final Object[] LARGE = {"idr5.OAS", 6, "idr5.DS", 1, "idr5.VAX", 1};
    private static final long HIGH_PA = 0xd_5678_0000_0000L;
    private static final int[] TG0 = {0, 2, 1};

    private static Smmu smmu(int granule, int t0sz, boolean ds, Object... properties) {
        long word0 = ContextDescriptor.withIps(ContextDescriptor.withT0sz(Smmu.cdWord0(1), t0sz), 6);
        word0 = ContextDescriptor.withSh0(word0, Shareability.OUTER_SHAREABLE);
        word0 = ContextDescriptor.withTg0(word0, TG0[(granule - 12) / 2]);
        long word2 = ContextDescriptor.withDs(0, ds ? 1 : 0);
        return Smmu.on(properties).stage1(0, 0).cd(0, word0, Smmu.ROOT, word2, 0xff);
    }

    /** The address as descriptors of a granule with 52-bit addresses have it. */
    private static long field(int granule, long pa) {
        return granule == 16 ? pa & 0xffff_ffff_0000L | (pa >>> 48) << 12 : pa & 0x3_ffff_ffff_f000L | (pa >>> 50) << 8;
    }

    private static long leaf(int granule, int level, long pa) {
        long attributes = Tables.RW & ~Stage1Leaf.SH_MASK;
        return field(granule, pa) | attributes | (level == 3 ? 3 : 1);
    }

    private static void isBad(Smmu smmu) {
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).reason()).isEqualTo("C_BAD_CD");
    }

    @ParameterizedTest
    @CsvSource({"12, 3", "12, 2", "12, 1", "12, 0", "14, 3", "14, 2", "14, 1", "16, 3", "16, 2", "16, 1"})
    void leavesOfEveryLevelReach52BitsFrom52Bits_R18(int granule, int level) {
        Smmu smmu = smmu(granule, 12, true, LARGE);
        int shift = granule + (3 - level) * (granule - 3);
        long iova = 0xa_bcde_f012_3456L;
        long pa = HIGH_PA & -1L << shift | (level < 3 ? 1L << 51 : 0);
        Tables.map(smmu, Smmu.ROOT, granule, 52, iova, level, leaf(granule, level, pa));
        long inside = iova & (1L << shift) - 1;
        assertThat(smmu.translate(Dma.NO_PASID, iova, 0))
                .isEqualTo(new Translation(Translation.Outcome.TRANSLATED, pa | inside, 1L << shift, ""));
        assertThat(smmu.translate(Dma.NO_PASID, iova ^ 1L << 51, 0).reason()).isEqualTo("F_TRANSLATION");
        assertThat(smmu.translate(Dma.NO_PASID, iova | 1L << 52, 0).reason()).isEqualTo("F_TRANSLATION");
    }

    @ParameterizedTest
    @CsvSource({"12, 0", "14, 1", "16, 1"})
    void blocksOneLevelUpNeedTheLargeFormat_R25(int granule, int level) {
        Smmu smmu = smmu(granule, 16, false, "idr5.OAS", granule == 16 ? 5 : 6);
        Tables.map(smmu, Smmu.ROOT, granule, 48, 0x1000, level, Tables.RW | 1);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).reason()).isEqualTo("F_TRANSLATION");
    }

    @ParameterizedTest
    @CsvSource({
        "12, true, 1, 1, 12, true",
        "12, true, 1, 1, 11, false",
        "12, false, 1, 1, 15, false",
        "12, true, 0, 1, 15, false",
        "12, true, 1, 0, 15, false",
        "12, true, 1, 0, 16, true",
        "14, true, 1, 1, 12, true",
        "14, true, 1, 0, 12, false",
        "14, false, 1, 1, 12, false"
    })
    void t0szBelow16NeedsDsAndVaxAndTheirIdBits_R18(
            int granule, boolean ds, int idDs, int vax, int t0sz, boolean legal) {
        Smmu smmu = smmu(granule, t0sz, ds, "idr5.OAS", 6, "idr5.DS", idDs, "idr5.VAX", vax);
        String expected = legal ? "F_TRANSLATION" : "C_BAD_CD";
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).reason()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"0, 16, true", "0, 15, false", "1, 12, true"})
    void t0szBelow16With64kNeedsVax_R18(int vax, int t0sz, boolean legal) {
        Smmu smmu = smmu(16, t0sz, false, "idr5.OAS", 6, "idr5.VAX", vax);
        String expected = legal ? "F_TRANSLATION" : "C_BAD_CD";
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).reason()).isEqualTo(expected);
    }

    @Test
    void without52BitDescriptorsTheOutputIs48Bits_R16() {
        Smmu smmu = smmu(12, 16, false, LARGE);
        smmu.cd(0, ContextDescriptor.withIps(Smmu.cdWord0(1), 6), Smmu.ROOT | 1L << 48);
        isBad(smmu);
        smmu = smmu(12, 16, true, LARGE);
        long bits = ContextDescriptor.withIps(Smmu.cdWord0(1), 5);
        smmu.cd(0, bits, Smmu.ROOT, ContextDescriptor.withDs(0, 1));
        Tables.map(smmu, Smmu.ROOT, 12, 48, 0x1000, 3, leaf(12, 3, 1L << 50));
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).reason()).isEqualTo("F_ADDR_SIZE");
    }

    @Test
    void aTableBeyond48BitsIsFollowed_R25() {
        Smmu smmu = smmu(12, 16, true, LARGE);
        // nothing is there, but the SMMU looks
        smmu.memory.write64(Smmu.ROOT, field(12, 0xc_0000_0000_0000L) | 3);
        assertThat(smmu.read(0x1000)).isEqualTo(Dma.ABORT);
        long[] event = smmu.events().get(0);
        assertThat(event[0] & 0xff).isEqualTo(0x0b);
        assertThat(event[3]).isEqualTo(0xc_0000_0000_0000L);
    }

    @Test
    void withDsTheShareabilityIsTheContexts() {
        Smmu smmu = smmu(12, 16, true, LARGE);
        Tables.map(smmu, Smmu.ROOT, 12, 48, 0x1000, 3, leaf(12, 3, 0x9400_0000L | 3L << 50));
        assertThat(smmu.explain(0x1000, 0).attributes().shareability()).isEqualTo(MemoryAttributes.Shareability.OUTER);
    }

    @Test
    void levelOneOf16kIsALevelOfLeavesWithDs_R40() {
        Smmu smmu = smmu(14, 16, true, LARGE);
        long at = Tables.map(smmu, Smmu.ROOT, 14, 48, 0, 1, leaf(14, 1, 0));
        smmu.read(0x9400_0000L);
        smmu.memory.write64(at, leaf(14, 1, 1L << 40));
        long word0 = CmdTlbiNhVa.withAsid(CmdTlbiNhVa.OPCODE_VALUE, 1);
        long level3 = CmdTlbiNhVa.withTtl(CmdTlbiNhVa.withTg(0, CmdTlbiNhVa.TG_16K), 3);
        smmu.command(word0, level3);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).address()).isEqualTo(0x1000);
        smmu.command(word0, CmdTlbiNhVa.withTtl(level3, 1));
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).address()).isEqualTo(1L << 40 | 0x1000);
    }

    private static Smmu stage2(int granule, int t0sz, int sl0, int sl02, Object... properties) {
        long word2 = Smmu.stage2Word2(7);
        word2 = StreamTableEntry.withS2t0sz(word2, t0sz);
        word2 = StreamTableEntry.withS2sl0(word2, sl0);
        word2 = StreamTableEntry.withS2ps(word2, 6);
        word2 = StreamTableEntry.withS2tg(word2, new int[] {0, 2, 1}[(granule - 12) / 2]);
        long word3 = StreamTableEntry.withS2ds(Smmu.ROOT2, 1);
        word3 = StreamTableEntry.withS2sl02(word3, sl02);
        long word0 = StreamTableEntry.withConfig(Smmu.stage1Word0(0), StreamTableEntry.CONFIG_S2_TRANSLATE);
        return Smmu.on(properties).ste(Smmu.SID, word0, 0, word2, word3);
    }

    @ParameterizedTest
    @CsvSource({"12, 0, 1, -1", "14, 3, 0, 0"})
    void stage2StartsOneLevelUp_R14(int granule, int sl0, int sl02, int level) {
        Smmu smmu = stage2(granule, 12, sl0, sl02, LARGE);
        long ipa = 0xb_cdef_0123_4000L;
        Tables.descend(smmu, Smmu.ROOT2, granule, level, ipa, 3, field(granule, HIGH_PA) | Tables.S2_RW & ~0x300 | 3);
        assertThat(smmu.translate(Dma.NO_PASID, ipa, 0).address()).isEqualTo(HIGH_PA);
        assertThat(stage2(granule, 12, sl0, sl02, "idr5.OAS", 6)
                        .translate(Dma.NO_PASID, ipa, 0)
                        .reason())
                .isEqualTo("C_BAD_STE");
    }
}
