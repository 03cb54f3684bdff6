package org.sluice.smmuv2.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.sluice.smmuv2.arch.ContextBankAttribute2;
import org.sluice.smmuv2.arch.ContextId;
import org.sluice.smmuv2.arch.FaultStatus;
import org.sluice.smmuv2.arch.SystemControl;
import org.sluice.smmuv2.arch.TlbiVa;
import org.sluice.smmuv2.arch.TranslationControl;
import org.sluice.smmuv2.arch.TranslationTableBase0;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Translation;

/** AArch32 tables: the ARMv7 short format with the access flag, and the long format of 32-bit addresses. */
class ShortFormatTest {
    private static final int BANK = 4;
    /** AF, unprivileged, B and C of a page; the attribute block starts at bit 4 (linux-iommu.md section 2.3). */
    private static final int PAGE_RW = 1 << 4 | 1 << 5 | 3 << 2 | 2;

    private static final int SECTION_RW = 1 << 10 | 1 << 11 | 3 << 2 | 2;
    private static final int LARGE_RW = 1 << 4 | 1 << 5 | 3 << 2 | 1;

    private final Smmu smmu = new Smmu().enable();
    private final int level1 = 0x8700_0000;
    private final int level2 = 0x8710_0400;

    private void bank(long tcr) {
        smmu.stream(0, Smmu.SID, BANK).stage1(BANK, 0, level1 & 0xffffffffL);
        smmu.registers.write32(0x1000 + ContextBankAttribute2.OFFSET + 4 * BANK, 0);
        smmu.write(BANK, TranslationControl.OFFSET, tcr);
        smmu.write(BANK, ContextId.OFFSET, 7);
        smmu.control(BANK, SystemControl.AFE_MASK | SystemControl.TRE_MASK);
    }

    private void entry(int table, int index, int value) {
        smmu.memory.write32((table & 0xffffffffL) + index * 4L, value);
    }

    private Translation translate(long iova) {
        return smmu.model.translate(Smmu.SID, Dma.NO_PASID, iova, 0);
    }

    private static Translation leaf(long address, long bytes) {
        return new Translation(Translation.Outcome.TRANSLATED, address, bytes, "");
    }

    @Test
    void sectionsSupersectionsAndBothPagesTranslate() {
        bank(0);
        entry(level1, 0x123, 0x8120_0000 | SECTION_RW);
        for (int i = 0; i < 16; i++) {
            entry(level1, 0x200 + i, 0x8200_0000 | 1 << 18 | SECTION_RW);
            entry(level2, 0x30 + i, 0x8134_0000 | LARGE_RW);
        }
        entry(level1, 0x456, level2 | 1);
        entry(level2, 0x12, 0x8156_7000 | PAGE_RW);
        assertThat(translate(0x1234_5678L)).isEqualTo(leaf(0x8124_5678L, 1 << 20));
        assertThat(translate(0x20ab_cdefL)).isEqualTo(leaf(0x82ab_cdefL, 1 << 24));
        assertThat(translate(0x4563_8123L)).isEqualTo(leaf(0x8134_8123L, 1 << 16));
        assertThat(translate(0x4561_2345L)).isEqualTo(leaf(0x8156_7345L, 1 << 12));
        assertThat(translate(0x4561_3345L).reason()).isEqualTo("TF");
        assertThat(translate(0x1_1234_5678L).reason()).as("beyond 32 bits").isEqualTo("TF");
    }

    @Test
    void theAccessFlagAndReadOnlyAreFaults() {
        bank(0);
        entry(level1, 0x123, 0x8120_0000 | SECTION_RW & ~(1 << 10));
        assertThat(translate(0x1230_0000L).reason()).isEqualTo("AFF");
        entry(level1, 0x123, 0x8120_0000 | SECTION_RW | 1 << 15);
        assertThat(smmu.write(Smmu.SID, 0x1230_0000L, new byte[4])).isEqualTo(Dma.ABORT);
        assertThat(smmu.faultStatus(BANK)).isEqualTo(FaultStatus.PF_MASK);
    }

    @Test
    void anInvalidationByAddressTakesAddressAndAsidOfThe32BitForm() {
        bank(0);
        int notGlobal = 1 << 17;
        entry(level1, 0x123, 0x8120_0000 | SECTION_RW | notGlobal);
        smmu.memory.write32(0x8120_0000L, 1);
        assertThat(smmu.word(Smmu.SID, 0x1230_0000L)).isOne();
        entry(level1, 0x123, 0);
        smmu.write(BANK, TlbiVa.OFFSET, 0x1230_0000 | 8);
        assertThat(smmu.word(Smmu.SID, 0x1230_0000L)).as("another ASID").isOne();
        smmu.write(BANK, TlbiVa.OFFSET, 0x1230_0000 | 7);
        assertThat(smmu.word(Smmu.SID, 0x1230_0000L)).isEqualTo(-1);
    }

    @Test
    void theLongFormatOf32BitsHasTwoTables() {
        bank(1L << 31 | 1 << 16 | 1);
        long root = smmu.table();
        long upper = smmu.table();
        smmu.write64(BANK, TranslationTableBase0.OFFSET, root);
        smmu.write64(BANK, TranslationTableBase0.OFFSET + 8, upper);
        smmu.map(root, 0x1234_5000L, 0x8123_4000L | Smmu.RW);
        // an upper half of 31 bits starts at level 1, whose index does not see bit 31
        smmu.map(upper, 0x1234_5000L, 0x8123_5000L | Smmu.RW);
        assertThat(translate(0x1234_5000L).address()).isEqualTo(0x8123_4000L);
        assertThat(translate(0x9234_5000L).address()).isEqualTo(0x8123_5000L);
    }
}
