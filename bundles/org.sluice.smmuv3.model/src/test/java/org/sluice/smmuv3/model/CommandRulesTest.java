package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdTlbiNhAsid;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.spi.board.Dma;
import org.sluice.vmsa.arch.Stage1Leaf;

class CommandRulesTest {
    private static final long OLD = 0x9400_0000L;
    private static final long NEW = 0x9600_0000L;

    private static void illegal(Smmu smmu, long word0, long word1) {
        smmu.command(word0, word1);
        assertThat(smmu.commandError()).isEqualTo(CmdqCons.ERR_ILL);
        assertThat(smmu.commandsConsumed()).isFalse();
    }

    @Test
    void errorLeavesTheReaderAtTheCommandAndStopsUntilAcknowledged_R33() {
        Smmu smmu = Smmu.on();
        smmu.sync();
        smmu.command(0x7f, 0);
        assertThat(smmu.registers.read32(CmdqCons.ADDRESS)).isEqualTo((int) (CmdqCons.ERR_ILL << CmdqCons.ERR_LSB | 1));
        assertThat(smmu.registers.read32(Gerror.ADDRESS)).isEqualTo((int) Gerror.CMDQ_MASK);
        assertThat(smmu.interrupts).containsExactly("gerror");
        smmu.sync();
        assertThat(CmdqCons.rd(smmu.registers.read32(CmdqCons.ADDRESS))).isEqualTo(1);

        // software replaces the command, then acknowledges
        smmu.write(Smmu.COMMANDS + CmdSync.BYTES, CmdSync.OPCODE_VALUE, 0);
        smmu.registers.write32(Gerrorn.ADDRESS, (int) Gerror.CMDQ_MASK);
        assertThat(smmu.registers.read32(CmdqCons.ADDRESS)).isEqualTo(3);
        assertThat(smmu.commandError()).isEqualTo(CmdqCons.ERR_NONE);
        assertThat(smmu.counter("command.CMD_SYNC")).isEqualTo(3);
    }

    @Test
    void aCommandThatIsNotReplacedFailsAgain_R33() {
        Smmu smmu = Smmu.on();
        smmu.command(0x7f, 0);
        smmu.registers.write32(Gerrorn.ADDRESS, (int) Gerror.CMDQ_MASK);
        assertThat(smmu.registers.read32(Gerror.ADDRESS)).isZero();
        assertThat(smmu.commandError()).isEqualTo(CmdqCons.ERR_ILL);
    }

    @Test
    void anActiveErrorIsNotToggledAgain_R34() {
        Smmu smmu = Smmu.on();
        smmu.command(0x7f, 0);
        smmu.command(0x7f, 0);
        smmu.registers.write32(CmdqProd.ADDRESS, 5);
        assertThat(smmu.registers.read32(Gerror.ADDRESS)).isEqualTo((int) Gerror.CMDQ_MASK);
        assertThat(smmu.interrupts).containsExactly("gerror");
    }

    @Test
    void unreadableQueueIsAnAbort() {
        Smmu smmu = Smmu.on();
        smmu.registers.write32(Cr0.ADDRESS, 0);
        smmu.registers.write64(CmdqBase.ADDRESS, Smmu.HOLE | 4);
        smmu.registers.write32(CmdqProd.ADDRESS, 1);
        smmu.registers.write32(Cr0.ADDRESS, (int) Cr0.CMDQEN_MASK);
        assertThat(smmu.commandError()).isEqualTo(CmdqCons.ERR_ABT);
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                Opcode.CFGI_VMS_PIDM,
                Opcode.TLBI_EL3_ALL,
                Opcode.TLBI_EL3_VA,
                Opcode.TLBI_EL2_ALL,
                Opcode.TLBI_EL2_ASID,
                Opcode.TLBI_EL2_VA,
                Opcode.TLBI_EL2_VAA,
                Opcode.ATC_INV,
                Opcode.PRI_RESP,
                Opcode.RESUME,
                Opcode.STALL_TERM,
                Opcode.TLBI_S_EL2_ALL,
                Opcode.TLBI_S_S2_IPA,
                Opcode.TLBI_SNH_ALL,
                Opcode.DPTI_ALL,
                Opcode.DPTI_PA,
                0x00,
                0x08,
                0x7f,
                0x80,
                0xff
            })
    void commandsOfAbsentFeaturesAreIllegal_R35(int opcode) {
        illegal(Smmu.on("idr0.ATS", 0, "idr0.Hyp", 0), opcode, 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {Opcode.CFGI_STE, Opcode.CFGI_STE_RANGE_CFGI_ALL, Opcode.CFGI_CD, Opcode.CFGI_CD_ALL})
    void secureCommandsAreIllegalOnThisQueue_R35(int opcode) {
        illegal(Smmu.on(), opcode | 1 << 10, 0);
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                Opcode.CFGI_CD,
                Opcode.CFGI_CD_ALL,
                Opcode.TLBI_NH_ALL,
                Opcode.TLBI_NH_ASID,
                Opcode.TLBI_NH_VA,
                Opcode.TLBI_NH_VAA
            })
    void stage1CommandsNeedStage1_R35(int opcode) {
        illegal(Smmu.on("idr0.S1P", 0), opcode, 0);
        Smmu smmu = Smmu.on();
        smmu.command(opcode, 0);
        assertThat(smmu.commandsConsumed()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {Opcode.PREFETCH_CONFIG, Opcode.PREFETCH_ADDR, Opcode.TLBI_NSNH_ALL})
    void commandsThatAreAlwaysThere(int opcode) {
        Smmu smmu = Smmu.on("idr0.S1P", 0);
        smmu.command(opcode, 0);
        assertThat(smmu.commandsConsumed()).isTrue();
        assertThat(smmu.counter("command.CMD_" + Opcode.name(opcode))).isEqualTo(1);
    }

    @Test
    void reservedCompletionSignalIsIllegal_R36() {
        illegal(Smmu.on(), CmdSync.withCs(CmdSync.OPCODE_VALUE, 3), 0);
    }

    @Test
    void completionSignals_R36() {
        Smmu smmu = Smmu.on();
        long irq = CmdSync.withCs(CmdSync.withOpcode(0, CmdSync.OPCODE_VALUE), CmdSync.CS_IRQ);
        smmu.command(CmdSync.withMsiData(irq, 0x1234), 0x9000_0000L);
        assertThat(smmu.memory.read32(0x9000_0000L)).isEqualTo(0x1234);
        assertThat(smmu.interrupts).isEmpty();
        // without an address there is no message
        smmu.command(irq, 0);
        assertThat(smmu.interrupts).containsExactly("cmdq-sync");
        smmu.command(CmdSync.withCs(CmdSync.OPCODE_VALUE, CmdSync.CS_SEV), 0);
        assertThat(smmu.commandsConsumed()).isTrue();
        smmu.command(irq, Smmu.HOLE);
        assertThat(smmu.registers.read32(Gerror.ADDRESS)).isEqualTo((int) Gerror.MSI_CMDQ_MASK);
        assertThat(smmu.commandsConsumed()).isTrue();
    }

    @Test
    void withoutMsiACompletionIsAWire_R36() {
        Smmu smmu = Smmu.on("idr0.MSI", 0);
        smmu.command(CmdSync.withCs(CmdSync.OPCODE_VALUE, CmdSync.CS_IRQ), 0x9000_0000L);
        assertThat(smmu.interrupts).containsExactly("cmdq-sync");
    }

    // invalidation: warm, change the tables, invalidate, look

    private static Smmu warm(long... pages) {
        Smmu smmu = Smmu.translating();
        for (long page : pages) {
            smmu.map(Smmu.ROOT, page, OLD + inMemory(page), Tables.RW);
            assertThat(smmu.read(page)).isEqualTo(Dma.OK);
            smmu.map(Smmu.ROOT, page, NEW + inMemory(page), Tables.RW);
        }
        return smmu;
    }

    private static boolean isStale(Smmu smmu, long page) {
        long address = smmu.translate(Dma.NO_PASID, page, 0).address();
        assertThat(address - inMemory(page)).isIn(OLD, NEW);
        return address - inMemory(page) == OLD;
    }

    private static long inMemory(long page) {
        return page & 0x1ff_f000;
    }

    private static long nhVa(int asid) {
        return CmdTlbiNhVa.withAsid(CmdTlbiNhVa.withOpcode(0, CmdTlbiNhVa.OPCODE_VALUE), asid);
    }

    @ParameterizedTest
    @CsvSource({"0,0", "31,0", "0,3", "4,2", "31,5", "0,9", "30,9"})
    void rangeIsNumPlusOneTimesTwoToTheScale_R38(int num, int scale) {
        long first = 0x10_0000;
        long end = first + ((num + 1L) << scale) * 4096;
        Smmu smmu = warm(first - 4096, first, end - 4096, end);
        long word0 = CmdTlbiNhVa.withNum(CmdTlbiNhVa.withScale(nhVa(1), scale), num);
        smmu.command(word0, first | 0x700);
        assertThat(isStale(smmu, first - 4096)).isTrue();
        assertThat(isStale(smmu, first)).isFalse();
        assertThat(isStale(smmu, end - 4096)).isFalse();
        assertThat(isStale(smmu, end)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {39, 52, 63})
    void rangeBeyondTheAddressSpaceEndsWithIt_R38(int scale) {
        Smmu smmu = warm(0x1000, 0x7fff_ffff_f000L);
        smmu.command(CmdTlbiNhVa.withNum(CmdTlbiNhVa.withScale(nhVa(1), scale), 31), 0x400);
        assertThat(isStale(smmu, 0x1000)).isFalse();
        assertThat(isStale(smmu, 0x7fff_ffff_f000L)).isFalse();
    }

    @Test
    void withoutGranuleThereIsNoRangeAndNoLevel_R38() {
        Smmu smmu = warm(0x1000, 0x2000);
        smmu.command(CmdTlbiNhVa.withNum(nhVa(1), 31), 0x1000 | 2 << 8);
        assertThat(isStale(smmu, 0x1000)).isFalse();
        assertThat(isStale(smmu, 0x2000)).isTrue();
    }

    @Test
    void withoutRilThereIsNoRange_R38() {
        Smmu smmu = Smmu.translating("idr3.RIL", 0);
        smmu.map(Smmu.ROOT, 0x2000, OLD + 0x2000, Tables.RW);
        smmu.read(0x2000);
        smmu.map(Smmu.ROOT, 0x2000, NEW + 0x2000, Tables.RW);
        smmu.command(CmdTlbiNhVa.withNum(nhVa(1), 31), 0x1000 | 0x400);
        assertThat(isStale(smmu, 0x2000)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void granuleWithNothingElseIsIllegal_R39(int tg) {
        illegal(Smmu.on(), nhVa(1), 0x1000 | (long) tg << 10);
    }

    @ParameterizedTest
    @CsvSource({"3,false", "2,true", "1,true", "0,false"})
    void levelIsHonoured_R40(int ttl, boolean stale) {
        Smmu smmu = warm(0x1000);
        smmu.command(CmdTlbiNhVa.withNum(nhVa(1), 1), 0x1000 | 0x400 | (long) ttl << 8);
        assertThat(isStale(smmu, 0x1000)).isEqualTo(stale);
    }

    @Test
    void levelThatHasNoLeavesIsIgnored_R40() {
        Smmu smmu = Smmu.on().stage1(0, 0).cd(0, ContextDescriptor.withTg0(Smmu.cdWord0(1), 2), Smmu.ROOT);
        Tables.map(smmu, Smmu.ROOT, 14, 48, 0x4000, 3, OLD + 0x4000 | Tables.RW | 3);
        smmu.read(0x4000);
        Tables.map(smmu, Smmu.ROOT, 14, 48, 0x4000, 3, NEW + 0x4000 | Tables.RW | 3);
        smmu.command(CmdTlbiNhVa.withNum(nhVa(1), 1), 0x4000 | 0x800 | 1 << 8);
        assertThat(isStale(smmu, 0x4000)).isFalse();
    }

    @Test
    void levelThatHasNoLeavesIsNoLevelWhereOneIsNeeded_R39() {
        illegal(Smmu.on(), nhVa(1), 0x4000 | 0x800 | 1 << 8);
        Smmu large = Smmu.on("idr5.DS", 1);
        large.command(nhVa(1), 0x4000 | 0x800 | 1 << 8);
        assertThat(large.commandsConsumed()).isTrue();
    }

    @Test
    void anAddressInsideABlockDropsTheBlock() {
        Smmu smmu = Smmu.translating();
        Tables.map(smmu, Smmu.ROOT, 12, 48, 0x40_0000, 2, OLD + 0x40_0000 | Tables.RW | 1);
        smmu.read(0x40_0000);
        Tables.map(smmu, Smmu.ROOT, 12, 48, 0x40_0000, 2, NEW + 0x40_0000 | Tables.RW | 1);
        assertThat(isStale(smmu, 0x40_0000)).isTrue();
        smmu.command(nhVa(1), 0x60_0000);
        assertThat(isStale(smmu, 0x40_0000)).isTrue();
        smmu.command(nhVa(1), 0x45_5000);
        assertThat(isStale(smmu, 0x40_0000)).isFalse();
    }

    /** Columns: who is dropped of ASID 1, ASID 2, global; by command. */
    @ParameterizedTest
    @CsvSource({
        "NH_ALL, true, true, true",
        "NSNH_ALL, true, true, true",
        "NH_ASID, true, false, false",
        "NH_VA, true, false, true",
        "NH_VAA, true, true, true",
    })
    void whatCommandsDoToOtherAsidsAndGlobalEntries_R41(String command, boolean own, boolean other, boolean global) {
        Smmu smmu = Smmu.on().stage1(2, 2);
        long[] pages = {0x1000, 0x1000, 0x2000};
        int[] substreams = {1, 2, 1};
        long[] roots = {smmu.table(), smmu.table()};
        smmu.cd(1, Smmu.cdWord0(1), roots[0]).cd(2, Smmu.cdWord0(2), roots[1]);
        for (long base : new long[] {OLD, NEW}) {
            smmu.map(roots[0], 0x1000, base, Tables.RW);
            smmu.map(roots[1], 0x1000, base + 0x1000, Tables.RW);
            smmu.map(roots[0], 0x2000, base + 0x2000, Tables.RW & ~Stage1Leaf.NG_MASK);
            for (int i = 0; i < 3; i++) {
                smmu.load(substreams[i], pages[i]);
            }
        }
        int opcode = switch (command) {
            case "NH_ALL" -> Opcode.TLBI_NH_ALL;
            case "NSNH_ALL" -> Opcode.TLBI_NSNH_ALL;
            case "NH_ASID" -> Opcode.TLBI_NH_ASID;
            case "NH_VA" -> Opcode.TLBI_NH_VA;
            default -> Opcode.TLBI_NH_VAA;
        };
        long word0 = CmdTlbiNhAsid.withAsid(opcode, 1);
        // a range that holds both pages, where the command has one
        boolean ranged = opcode == Opcode.TLBI_NH_VA || opcode == Opcode.TLBI_NH_VAA;
        smmu.command(ranged ? CmdTlbiNhVa.withNum(word0, 3) : word0, ranged ? 0x400 : 0);
        smmu.sync();
        assertThat(smmu.commandsConsumed()).isTrue();
        boolean[] dropped = {own, other, global};
        for (int i = 0; i < 3; i++) {
            long address = smmu.translate(substreams[i], pages[i], 0).address();
            assertThat(address >= NEW).as("entry %d", i).isEqualTo(dropped[i]);
        }
    }

    @Test
    void aGlobalEntryServesEveryAsid_R41() {
        Smmu smmu = Smmu.on().stage1(2, 2);
        smmu.cd(1, Smmu.cdWord0(1), Smmu.ROOT).cd(2, Smmu.cdWord0(2), Smmu.ROOT);
        smmu.map(Smmu.ROOT, 0x1000, OLD, Tables.RW & ~Stage1Leaf.NG_MASK);
        smmu.load(1, 0x1000);
        smmu.load(2, 0x1000);
        assertThat(smmu.counter("tlb.hit")).isEqualTo(1);
        assertThat(smmu.counter("walk")).isEqualTo(1);
    }

    @Test
    void withoutStage2ThereIsOneVmid_R11() {
        Smmu smmu = Smmu.on("idr0.S2P", 0).cd(0, Smmu.cdWord0(1), Smmu.ROOT);
        smmu.ste(Smmu.SID, Smmu.stage1Word0(0), 0, 9);
        smmu.map(Smmu.ROOT, 0x1000, OLD + 0x1000, Tables.RW);
        smmu.read(0x1000);
        smmu.map(Smmu.ROOT, 0x1000, NEW + 0x1000, Tables.RW);
        smmu.command(CmdTlbiNhAsid.withVmid(CmdTlbiNhAsid.withAsid(Opcode.TLBI_NH_ASID, 1), 7), 0);
        assertThat(isStale(smmu, 0x1000)).isFalse();
    }

    @Test
    void aForeignAsidIsSpared() {
        Smmu smmu = warm(0x1000);
        smmu.command(nhVa(2), 0x1000);
        smmu.command(CmdTlbiNhAsid.withAsid(Opcode.TLBI_NH_ASID, 2), 0);
        assertThat(isStale(smmu, 0x1000)).isTrue();
    }

    @Test
    void queueSizeIsCappedToTheIdentity_R4() {
        Smmu smmu = Smmu.reset("idr1.CMDQS", 2);
        smmu.registers.write64(CmdqBase.ADDRESS, Smmu.COMMANDS | 19);
        for (int i = 0; i < 4; i++) {
            smmu.write(Smmu.COMMANDS + i * 16L, CmdSync.OPCODE_VALUE, 0);
        }
        smmu.registers.write32(CmdqProd.ADDRESS, 4);
        smmu.registers.write32(Cr0.ADDRESS, (int) Cr0.CMDQEN_MASK);
        assertThat(smmu.registers.read32(CmdqCons.ADDRESS)).isEqualTo(4);
        smmu.registers.write32(CmdqProd.ADDRESS, 1);
        assertThat(smmu.registers.read32(CmdqCons.ADDRESS)).isEqualTo(1);
        assertThat(smmu.counter("command.CMD_SYNC")).isEqualTo(9);
        assertThat(CmdqBase.log2size(smmu.registers.read64(CmdqBase.ADDRESS))).isEqualTo(19);
    }
}
