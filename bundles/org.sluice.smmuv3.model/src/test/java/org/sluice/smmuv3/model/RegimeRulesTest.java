package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.smmuv3.arch.CmdTlbiEl2Va;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.vmsa.arch.Stage1Leaf;

/** StreamWorld: EL1, EL2 and EL2 with E2H. */
class RegimeRulesTest {
    private static final long OLD = 0x9400_0000L;
    private static final long NEW = 0x9600_0000L;

    private static Smmu smmu(int strw, boolean e2h, Object... properties) {
        Smmu smmu = Smmu.reset(properties);
        smmu.enable();
        smmu.registers.write32(Cr0.ADDRESS, 0);
        smmu.registers.write32(Cr2.ADDRESS, (int) (Cr2.RECINVSID_MASK | (e2h ? Cr2.E2H_MASK : 0)));
        smmu.registers.write32(Cr0.ADDRESS, (int) (Cr0.CMDQEN_MASK | Cr0.EVENTQEN_MASK | Cr0.SMMUEN_MASK));
        smmu.ste(Smmu.SID, Smmu.stage1Word0(0), StreamTableEntry.withStrw(0, strw));
        return smmu.cd(0, Smmu.cdWord0(1), Smmu.ROOT);
    }

    private static Smmu el2() {
        return smmu((int) StreamTableEntry.STRW_EL2, false);
    }

    @ParameterizedTest
    @CsvSource({"0, F_TRANSLATION", "1, C_BAD_STE", "2, F_TRANSLATION", "3, C_BAD_STE"})
    void aReservedWorldIsIllegal(int strw, String event) {
        assertThat(smmu(strw, false).translate(Dma.NO_PASID, 0x1000, 0).reason())
                .isEqualTo(event);
        assertThat(smmu(strw, false, "idr0.Hyp", 0)
                        .translate(Dma.NO_PASID, 0x1000, 0)
                        .reason())
                .isEqualTo("F_TRANSLATION");
    }

    @ParameterizedTest
    @CsvSource({"0,false,C_BAD_STE", "2,false,F_TRANSLATION", "2,true,F_TRANSLATION"})
    void onlyEl1LooksAtTheVmid_R11(int strw, boolean e2h, String event) {
        Smmu smmu = smmu(strw, e2h, "idr0.VMID16", 0);
        smmu.ste(Smmu.SID, Smmu.stage1Word0(0), StreamTableEntry.withStrw(0, strw), 0x100);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).reason()).isEqualTo(event);
    }

    @ParameterizedTest
    @CsvSource({"0,false,C_BAD_CD", "2,false,F_TRANSLATION", "2,true,C_BAD_CD"})
    void el2LooksAtNoAsid(int strw, boolean e2h, String event) {
        Smmu smmu = smmu(strw, e2h, "idr0.ASID16", 0).cd(0, Smmu.cdWord0(0x100), Smmu.ROOT);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).reason()).isEqualTo(event);
    }

    @Test
    void el2CannotDisableItsHalf_R17() {
        Smmu smmu = el2();
        smmu.cd(0, ContextDescriptor.withEpd0(Smmu.cdWord0(1), 1), Smmu.ROOT);
        smmu.map(Smmu.ROOT, 0x1000, OLD, Tables.RW);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).address()).isEqualTo(OLD);
        assertThat(smmu(2, true)
                        .cd(0, ContextDescriptor.withEpd0(Smmu.cdWord0(1), 1), Smmu.ROOT)
                        .translate(Dma.NO_PASID, 0x1000, 0)
                        .reason())
                .isEqualTo("F_TRANSLATION");
    }

    @Test
    void inEl2ThereAreNoPrivilegeLevels_R26() {
        Smmu smmu = el2();
        smmu.map(Smmu.ROOT, 0x1000, OLD, Stage1Leaf.AF_MASK | Stage1Leaf.PXN_MASK);
        smmu.map(Smmu.ROOT, 0x2000, OLD, Stage1Leaf.AF_MASK | Stage1Leaf.UXN_MASK | Stage1Leaf.AP_RDONLY_MASK);
        for (int round = 0; round < 2; round++) {
            assertThat(smmu.read(0x1000)).isEqualTo(Dma.OK);
            assertThat(smmu.write(0x1000)).isEqualTo(Dma.OK);
            assertThat(smmu.read(Dma.NO_PASID, 0x1000, new byte[4], Dma.EXECUTE))
                    .isEqualTo(Dma.OK);
            assertThat(smmu.read(0x2000)).isEqualTo(Dma.OK);
            assertThat(smmu.write(0x2000)).isEqualTo(Dma.ABORT);
            assertThat(smmu.read(Dma.NO_PASID, 0x2000, new byte[4], Dma.EXECUTE))
                    .isEqualTo(Dma.ABORT);
        }
    }

    @Test
    void inEl2ThereIsNoUpperHalfButTbi_R20() {
        Smmu smmu = el2();
        smmu.map(Smmu.ROOT, 0x1000, OLD, Tables.RW);
        long word0 = ContextDescriptor.withEpd1(Smmu.cdWord0(1), 0);
        // T1SZ is illegal, and not looked at
        smmu.cd(0, word0, Smmu.ROOT, Smmu.ROOT);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).reason()).isEmpty();
        assertThat(smmu.translate(Dma.NO_PASID, -0x1000, 0).reason()).isEqualTo("F_TRANSLATION");
        assertThat(smmu.translate(Dma.NO_PASID, 0xff00_0000_0000_1000L, 0).reason())
                .isEqualTo("F_TRANSLATION");
        smmu.cd(0, ContextDescriptor.withTbi0(word0, 1), Smmu.ROOT);
        assertThat(smmu.translate(Dma.NO_PASID, 0xff00_0000_0000_1000L, 0).address())
                .isEqualTo(OLD);
    }

    @Test
    void withE2hThereAreBothHalvesAndPrivileges_R26() {
        Smmu smmu = smmu((int) StreamTableEntry.STRW_EL2, true);
        smmu.map(Smmu.ROOT, 0x1000, OLD, Tables.RW & ~Stage1Leaf.AP_UNPRIV_MASK);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).reason()).isEqualTo("F_PERMISSION");
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, Dma.PRIVILEGED).reason())
                .isEmpty();
    }

    /** Each regime has its own entries: those of another stay. */
    @ParameterizedTest
    @CsvSource({
        "0, false, TLBI_EL2_ALL, true",
        "0, false, TLBI_NSNH_ALL, false",
        "2, false, TLBI_EL2_ALL, false",
        "2, true, TLBI_EL2_ALL, false",
        "2, false, TLBI_NH_ALL, true",
        "2, false, TLBI_NSNH_ALL, true",
        "2, false, TLBI_S12_VMALL, true",
        "2, true, TLBI_NSNH_ALL, true",
        "2, false, TLBI_EL2_VA, false",
        "2, true, TLBI_EL2_VA, false",
        "2, false, TLBI_EL2_VAA, false",
        "2, true, TLBI_EL2_ASID, false",
        "2, true, TLBI_NH_VA, true",
        "2, false, TLBI_NH_VA, true"
    })
    void commandsOfOneRegimeSpareTheOthers_R41(int strw, boolean e2h, String command, boolean stale) {
        Smmu smmu = smmu(strw, e2h);
        smmu.map(Smmu.ROOT, 0x1000, OLD, Tables.RW);
        smmu.read(0x1000);
        smmu.map(Smmu.ROOT, 0x1000, NEW, Tables.RW);
        int opcode = switch (command) {
            case "TLBI_EL2_ALL" -> Opcode.TLBI_EL2_ALL;
            case "TLBI_EL2_VA" -> Opcode.TLBI_EL2_VA;
            case "TLBI_EL2_VAA" -> Opcode.TLBI_EL2_VAA;
            case "TLBI_EL2_ASID" -> Opcode.TLBI_EL2_ASID;
            case "TLBI_NH_ALL" -> Opcode.TLBI_NH_ALL;
            case "TLBI_NH_VA" -> Opcode.TLBI_NH_VA;
            case "TLBI_S12_VMALL" -> Opcode.TLBI_S12_VMALL;
            default -> Opcode.TLBI_NSNH_ALL;
        };
        smmu.command(CmdTlbiNhVa.withAsid(opcode, 1), CmdTlbiEl2Va.withAddr(0, 0x1000));
        smmu.sync();
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).address()).isEqualTo(stale ? OLD : NEW);
    }

    @ParameterizedTest
    @ValueSource(ints = {Opcode.TLBI_EL2_ALL, Opcode.TLBI_EL2_ASID, Opcode.TLBI_EL2_VA, Opcode.TLBI_EL2_VAA})
    void commandsOfEl2NeedEl2_R35(int opcode) {
        Smmu smmu = Smmu.on("idr0.Hyp", 0);
        smmu.command(opcode, 0);
        assertThat(smmu.commandError()).isEqualTo(CmdqCons.ERR_ILL);
        Smmu with = Smmu.on();
        with.command(opcode, 0);
        assertThat(with.commandError()).isZero();
    }
}
