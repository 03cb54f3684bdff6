package org.sluice.smmuv2.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.IommuException;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.smmuv2.arch.AuxiliaryControl;
import org.sluice.smmuv2.arch.SAcr;
import org.sluice.smmuv2.arch.SCr0;
import org.sluice.smmuv2.arch.SIdr1;
import org.sluice.smmuv2.arch.StreamToContext;
import org.sluice.smmuv2.arch.TlbiAll;
import org.sluice.smmuv2.arch.TranslationTableBase0;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;

/** What the model does when it is told to have a defect, and what it does not do otherwise. */
class DefectsTest {
    private static final long IOVA = 0x1234_5000L;
    private static final long PAGE = 0x8123_4000L;
    private static final int BANK = 5;

    private static Smmu mapped(Object... properties) {
        Smmu smmu = new Smmu(properties).enable();
        long root = smmu.table();
        smmu.stream(0, Smmu.SID, BANK).stage1(BANK, 6, root);
        smmu.map(root, IOVA, PAGE | Smmu.RW);
        smmu.map(root, IOVA + 0x1000, PAGE + 0x1000 | Smmu.RW);
        smmu.memory.write32(PAGE + 0x1000, 1);
        smmu.memory.write32(PAGE + 0x2000, 2);
        return smmu;
    }

    private static long rootOf(Smmu smmu) {
        return smmu.read64(BANK, TranslationTableBase0.OFFSET) & TranslationTableBase0.ADDR_MASK;
    }

    /** A neighbour's access fetches a page ahead; then that page moves and is invalidated. */
    private static long afterMove(Smmu smmu) {
        smmu.word(Smmu.SID, IOVA);
        smmu.map(rootOf(smmu), IOVA + 0x1000, PAGE + 0x2000 | Smmu.RW);
        smmu.invalidate(BANK, IOVA + 0x1000, 6);
        return smmu.word(Smmu.SID, IOVA + 0x1000);
    }

    @Test
    void prefetchSurvivesInvalidationOnlyWithTheDefectAndCpre() {
        Smmu bad = mapped("defects", "prefetch");
        bad.write(BANK, AuxiliaryControl.OFFSET, 0);
        assertThat(afterMove(bad)).as("CPRE is 0").isEqualTo(2);
        bad = mapped("defects", "prefetch");
        assertThat(afterMove(bad)).as("CPRE is 1 out of reset").isOne();
        bad.write(BANK, TlbiAll.OFFSET, 0);
        assertThat(bad.word(Smmu.SID, IOVA + 0x1000)).isEqualTo(2);
        Smmu good = mapped();
        good.write(BANK, AuxiliaryControl.OFFSET, AuxiliaryControl.CPRE_MASK);
        assertThat(afterMove(good)).isEqualTo(2);
    }

    @Test
    void actlrIsLockedUntilTheCacheLockIsCleared() {
        Smmu smmu = new Smmu("profile", "mmu-500");
        smmu.write(0, AuxiliaryControl.OFFSET, 0);
        assertThat(smmu.read(0, AuxiliaryControl.OFFSET)).isEqualTo(AuxiliaryControl.CPRE_MASK);
        smmu.registers.write32(SAcr.OFFSET, 0);
        smmu.write(0, AuxiliaryControl.OFFSET, 0);
        assertThat(smmu.read(0, AuxiliaryControl.OFFSET)).isZero();
    }

    @Test
    void invalidationByAddressMissesABlockOnlyWithTheDefect() {
        for (String defects : new String[] {"", "block-invalidation"}) {
            Smmu smmu = new Smmu("defects", defects).enable();
            long root = smmu.table();
            smmu.stream(0, Smmu.SID, BANK).stage1(BANK, 6, root);
            smmu.memory.write64(root, smmu.table() | 3);
            long middle = smmu.memory.read64(root) & -0x1000L;
            smmu.memory.write64(middle + (IOVA >>> 21 & 511) * 8, 0x8120_0000L | Smmu.RW & ~2L);
            smmu.memory.write32(0x8120_0000L | IOVA & 0x1f_ffff, 1);
            assertThat(smmu.word(Smmu.SID, IOVA)).isOne();
            smmu.memory.write64(middle + (IOVA >>> 21 & 511) * 8, 0);
            smmu.invalidate(BANK, IOVA, 6);
            assertThat(smmu.word(Smmu.SID, IOVA)).as("defects '%s'", defects).isEqualTo(defects.isEmpty() ? -1 : 1);
        }
    }

    @Test
    void firmwareTurnsABypassIntoAFault() {
        Smmu smmu = new Smmu("profile", "qcom");
        int bypass = (int) StreamToContext.withType(0, StreamToContext.TYPE_BYPASS);
        smmu.registers.write32(StreamToContext.OFFSET, bypass);
        assertThat(StreamToContext.type(smmu.registers.read32(StreamToContext.OFFSET)))
                .isEqualTo(StreamToContext.TYPE_FAULT);
    }

    @Test
    void a64BitAccessReachesTheLowerHalfOnly() {
        Smmu smmu = new Smmu("profile", "ap806");
        smmu.write64(0, TranslationTableBase0.OFFSET, 0x1234_0000_8000_0000L);
        assertThat(smmu.read64(0, TranslationTableBase0.OFFSET)).isEqualTo(0x8000_0000L);
        assertThat(smmu.read(0, TranslationTableBase0.OFFSET + 4)).isZero();
        smmu.write(0, TranslationTableBase0.OFFSET + 4, 0x1234_0000);
        assertThat(smmu.read(0, TranslationTableBase0.OFFSET + 4)).isEqualTo(0x1234_0000);
    }

    @Test
    void nonSecureControlStandsAtItsAlias() {
        Smmu smmu = new Smmu("profile", "calxeda");
        smmu.registers.write32(SCr0.OFFSET, 0);
        assertThat(smmu.registers.read32(SCr0.OFFSET + 0x400)).isEqualTo((int) SCr0.CLIENTPD_MASK);
        smmu.registers.write32(SCr0.OFFSET + 0x400, 0);
        assertThat(smmu.registers.read32(SCr0.OFFSET + 0x400)).isZero();
        assertThat(smmu.registers.read32(SIdr1.OFFSET)).isNotZero();
    }

    @Test
    void modelsThatShareATlbMixUpTagsThatAreNotUnique() {
        PhysicalMemory memory =
                new ResidentMemoryFactory().create(List.of(new MemoryRegion(0x8000_0000L, 0x1000_0000L)));
        Smmuv2ModelFactory factory = new Smmuv2ModelFactory();
        IommuModel first = factory.create(
                new ModelRequest("smmu0", memory, memory, line -> {}, Smmu.map("tlb.shared", "thunder")));
        IommuModel second = factory.create(
                new ModelRequest("smmu1", memory, memory, line -> {}, Smmu.map("tlb.shared", "thunder")));
        Smmu one = new Smmu(first, memory).enable();
        Smmu two = new Smmu(second, memory).enable();
        long root = one.table();
        long other = one.table() + 0x10_0000;
        one.stream(0, Smmu.SID, BANK).stage1(BANK, 6, root);
        two.stream(0, Smmu.SID, BANK).stage1(BANK, 6, other);
        one.map(root, IOVA, PAGE + 0x1000 | Smmu.RW);
        memory.write32(PAGE + 0x1000, 1);
        assertThat(one.word(Smmu.SID, IOVA)).isOne();
        assertThat(two.word(Smmu.SID, IOVA)).as("the other's translation").isOne();
        two.write64(BANK, TranslationTableBase0.OFFSET, TranslationTableBase0.withAsid(other, 7));
        assertThat(two.word(Smmu.SID, IOVA)).isEqualTo(-1);
    }

    @Test
    void mirroredInstancesEachServeTheirPages() {
        Smmu smmu = mapped("instances", 2);
        assertThat(smmu.word(Smmu.SID, IOVA + 0x1000))
                .as("pages of the first instance")
                .isOne();
        byte[] data = new byte[4];
        smmu.memory.write32(IOVA & 0xfff | 0x8000_1000L, 9);
        assertThat(smmu.read(Smmu.SID, 0x8000_1000L, data))
                .as("the second is as after reset")
                .isEqualTo(Dma.OK);
        assertThat(data[0]).isEqualTo((byte) 9);
    }

    @Test
    void unknownPropertiesAreNamed() {
        assertThatThrownBy(() -> new Smmu("defects", "none-such"))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("none-such")
                .hasMessageContaining("prefetch");
        assertThatThrownBy(() -> new Smmu("idr1.NUMCB", 200)).hasMessageContaining("the limit is 32");
        assertThatThrownBy(() -> new Smmu("tlb.entries", 3)).hasMessageContaining("power of two");
    }
}
