package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdTlbiNhVa;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.spi.board.Dma;

/** Behaviour follows the identity. */
class ProfileTest {
    @ParameterizedTest
    @EnumSource(Profile.class)
    void everyProfileStartsAndAnnouncesNothingThatTheModelLacks(Profile profile) {
        ModelledFeatures.check(profile.identity());
        String label = profile.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
        Smmu smmu = Smmu.on(
                "profile",
                profile == Profile.QEMU_7_2 ? "qemu-7.2" : profile == Profile.QEMU_10_STAGE_2 ? "qemu-10-s2" : label);
        assertThat(smmu.registers.read32(0)).isEqualTo((int) profile.identity().idr0());
        assertThat(smmu.translate(Dma.NO_PASID, 0, 0).reason()).isEqualTo("C_BAD_STE");
    }

    /** Without RIL the fields of a range are ignored; with it they count. */
    @ParameterizedTest
    @CsvSource({"mmu-600, 0x94002000", "mmu-700, 0x96002000", "everything-on, 0x96002000"})
    void rangesNeedRil_R38(String profile, String expected) {
        Smmu smmu = Smmu.translating("profile", profile);
        smmu.map(Smmu.ROOT, 0x2000, 0x9400_2000L, Tables.RW);
        smmu.read(0x2000);
        smmu.map(Smmu.ROOT, 0x2000, 0x9600_2000L, Tables.RW);
        long word0 = CmdTlbiNhVa.withNum(CmdTlbiNhVa.withAsid(CmdTlbiNhVa.OPCODE_VALUE, 1), 3);
        smmu.command(word0, CmdTlbiNhVa.withTg(0, CmdTlbiNhVa.TG_4K));
        assertThat(smmu.translate(Dma.NO_PASID, 0x2000, 0).address()).isEqualTo(Long.decode(expected));
    }

    @ParameterizedTest
    @CsvSource({"qemu-10, true", "mmu-600, false", "everything-on, false", "full, true"})
    void resumeNeedsStalls_R35(String profile, boolean illegal) {
        Smmu smmu = Smmu.on("profile", profile);
        smmu.command(Opcode.RESUME, 0);
        assertThat(smmu.commandError()).isEqualTo(illegal ? CmdqCons.ERR_ILL : CmdqCons.ERR_NONE);
    }

    @ParameterizedTest
    @CsvSource({"qemu-7.2, 44", "mmu-600, 48", "mmu-700, 52", "everything-on, 52"})
    void theOutputSizeFollowsTheProfile_R16(String profile, int bits) {
        // a bypassed address of so many bits passes, one more does not
        Smmu smmu = Smmu.on("profile", profile).ste(Smmu.SID, 9);
        assertThat(smmu.translate(Dma.NO_PASID, 1L << bits - 1, 0).reason()).isEmpty();
        assertThat(smmu.translate(Dma.NO_PASID, 1L << bits, 0).reason()).isEqualTo("F_ADDR_SIZE");
    }

    @ParameterizedTest
    @CsvSource({"mmu-600, F_TRANSLATION", "qemu-10, C_BAD_CD"})
    void termModelOneForbidsHiding_R24(String profile, String event) {
        Smmu smmu = Smmu.on("profile", profile).stage1(0, 0);
        smmu.cd(0, org.sluice.smmuv3.arch.ContextDescriptor.withA(Smmu.cdWord0(1), 0), Smmu.ROOT);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).reason()).isEqualTo(event);
    }

    @ParameterizedTest
    @CsvSource({"MMU-600", "mmu-500"})
    void anUnknownProfileIsRejectedWithTheKnownOnes(String profile) {
        assertThatThrownBy(() -> Smmu.reset("profile", profile))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("mmu-700")
                .hasMessageContaining("everything-on");
    }
}
