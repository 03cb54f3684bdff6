package org.sluice.vendor.msm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.arch.TranslationTableBase0;
import org.sluice.smmuv2.testkit.Smmuv2Machine;
import org.sluice.smmuv2.testkit.Smmuv2Space;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.UnitRecord;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;

/** Each departure of Qualcomm's SMMUv2 without its hooks and with them; the model of its profile has 5 banks. */
@Timeout(60)
class QualcommTest {
    private static final int GPU = 0;
    private static final int OTHER = 1;
    /** Where the pages of the banks begin: NUMPAGENDXB of the profile is 4. */
    private static final long BANKS = 0x1000L << 4 + 1;

    private static final long PAGE = Smmuv2Machine.RAM + 0x1_0000;

    private static Smmuv2Machine machine(Smmuv2Hooks... hooks) {
        Smmuv2Machine machine =
                Smmuv2Machine.of(Qualcomm.ADRENO).model("profile", "qcom").hooks(hooks);
        machine.memory().write32(PAGE, 42);
        return machine;
    }

    private static HardwareIdentity identity(String compatible, Map<String, String> properties) {
        return new HardwareIdentity("smmu0", compatible, 0, properties);
    }

    @Test
    void firmwareSaysWhichSmmuIsConcerned() {
        Map<String, String> both = Map.of(Qualcomm.BANKS, "4", IdentityClients.PROPERTY, "dev1");
        assertThat(new BypassEmulation().match(identity("qcom,smmu-500", Map.of())))
                .hasValue("compatible is qcom,smmu-500");
        assertThat(new GpuBank().match(identity("qcom,adreno-smmu", Map.of())))
                .hasValue("compatible is qcom,adreno-smmu");
        assertThat(new GpuBank().match(identity("qcom,smmu-500", Map.of()))).isEmpty();
        assertThat(new BankLimit().match(identity("qcom,smmu-v2", both)))
                .hasValue("compatible is qcom,smmu-v2, qcom,context-banks is 4");
        assertThat(new BankLimit().match(identity("qcom,smmu-v2", Map.of()))).isEmpty();
        assertThat(new IdentityClients().match(identity("qcom,smmu-v2", both)))
                .hasValue("compatible is qcom,smmu-v2, qcom,identity-clients is dev1");
        List<Smmuv2Hooks> all = List.of(new BypassEmulation(), new GpuBank(), new BankLimit(), new IdentityClients());
        assertThat(all)
                .allMatch(hooks -> hooks.match(identity("arm,mmu-500", both)).isEmpty());
    }

    @Test
    void withoutThePlugInAStreamThatShouldPassAborts() {
        try (Smmuv2Machine machine = machine().probe()) {
            machine.unit().attach(machine.device(OTHER), Attachment.IDENTITY);
            assertThat(machine.word(OTHER, PAGE)).isEqualTo(-1);
        }
    }

    @Test
    void withItStreamsPassAndThoseThatAreBlockedDoNot() {
        try (Smmuv2Machine machine = machine(new BypassEmulation()).probe()) {
            DeviceRecord device = machine.device(OTHER);
            assertThat(machine.word(OTHER, PAGE)).isEqualTo(-1);
            for (int round = 0; round < 3; round++) {
                machine.unit().attach(device, Attachment.IDENTITY);
                assertThat(machine.word(OTHER, PAGE)).isEqualTo(42);
                machine.unit().attach(device, Attachment.BLOCKED);
                assertThat(machine.word(OTHER, PAGE)).isEqualTo(-1);
            }
        }
    }

    @Test
    void reservedBankIsGivenToNobody() {
        try (Smmuv2Machine machine = machine(new BypassEmulation()).probe()) {
            machine.unit().attach(machine.device(OTHER), Attachment.IDENTITY);
            for (int stream = 10; stream < 14; stream++) {
                machine.attached(stream);
            }
            assertThatThrownBy(() -> machine.attached(14))
                    .isInstanceOfSatisfying(
                            IommuException.class,
                            full -> assertThat(full.errno()).isEqualTo(Errno.ENOSPC))
                    .hasMessageContaining("all 4 context banks");
            assertThat(machine.word(OTHER, PAGE)).isEqualTo(42);
        }
    }

    @Test
    void soundFirmwareCostsNoBank() {
        try (Smmuv2Machine machine =
                machine(new BypassEmulation()).model("defects", "").probe()) {
            for (int stream = 10; stream < 15; stream++) {
                machine.attached(stream);
            }
            machine.unit().attach(machine.device(OTHER), Attachment.IDENTITY);
            assertThat(machine.word(OTHER, PAGE)).isEqualTo(42);
        }
    }

    /** Neither a new driver nor a new instance of the plug-in was there when the bank was reserved. */
    @Test
    void successorsFindTheReservedBank() {
        BypassEmulation first = new BypassEmulation();
        try (Smmuv2Machine machine = machine(first).probe()) {
            DeviceRecord passing = machine.device(OTHER);
            machine.unit().attach(passing, Attachment.IDENTITY);
            machine.addHooks(new BypassEmulation());
            machine.removeHooks(first);
            machine.takeOver(new UnitRecord(
                    UnitRecord.VERSION,
                    List.of(new UnitRecord.Device(passing, Attachment.Kind.IDENTITY, null, List.of()))));
            assertThat(machine.word(OTHER, PAGE)).isEqualTo(42);
            for (int stream = 10; stream < 14; stream++) {
                machine.attached(stream);
            }
            assertThatThrownBy(() -> machine.attached(14)).hasMessageContaining("all 4 context banks");
            DeviceRecord second = machine.device(2);
            machine.unit().attach(second, Attachment.IDENTITY);
            assertThat(machine.word(2, PAGE)).isEqualTo(42);
        }
    }

    @Test
    void withoutThePlugInTheGpuIsTooLateForItsBank() {
        try (Smmuv2Machine machine = machine().probe()) {
            machine.attached(OTHER);
            Smmuv2Space gpu = machine.attached(GPU);
            assertThat(bankOf(machine, gpu)).isEqualTo(1);
        }
    }

    @Test
    void withItTheGpuHasBankZeroWhoeverComesFirst() {
        try (Smmuv2Machine machine = machine(new GpuBank()).probe()) {
            for (int stream = OTHER; stream < 5; stream++) {
                assertThat(bankOf(machine, machine.attached(stream))).isEqualTo(stream);
            }
            assertThatThrownBy(() -> machine.attached(5))
                    .isInstanceOfSatisfying(
                            IommuException.class,
                            busy -> assertThat(busy.errno()).isEqualTo(Errno.EBUSY))
                    .hasMessageEndingWith("no context bank of smmu0 but 0 is free, and that is not for dev5");
            assertThat(bankOf(machine, machine.attached(GPU))).isZero();
        }
    }

    /** The bank whose TTBR0 has a space's ASID. */
    private static int bankOf(Smmuv2Machine machine, Smmuv2Space space) {
        long asid = space.context().record().tag();
        for (int bank = 0; bank < 5; bank++) {
            if (machine.powerOn().read64(BANKS + bank * 0x1000L + TranslationTableBase0.OFFSET)
                            >>> TranslationTableBase0.ASID_LSB
                    == asid) {
                return bank;
            }
        }
        return -1;
    }

    @Test
    void withoutThePlugInBanksOfFirmwareAreTaken() {
        try (Smmuv2Machine machine = machine().firmware(Qualcomm.BANKS, "2").probe()) {
            for (int stream = 10; stream < 15; stream++) {
                machine.attached(stream);
            }
        }
    }

    @Test
    void withItTheyAreNotAndTheReservedBankIsBelowThem() {
        try (Smmuv2Machine machine = machine(new BankLimit(), new BypassEmulation())
                .firmware(Qualcomm.BANKS, "3")
                .probe()) {
            machine.attached(10);
            machine.attached(11);
            assertThatThrownBy(() -> machine.attached(12)).hasMessageContaining("all 2 context banks");
            machine.unit().attach(machine.device(OTHER), Attachment.IDENTITY);
            assertThat(machine.word(OTHER, PAGE)).isEqualTo(42);
        }
    }

    @Test
    void upperHalfIsRefusedWithTheChipsNameWhereItDoesNotWork() {
        ContextRequest upper = new ContextRequest(1, true, false, 0);
        try (Smmuv2Machine machine =
                Smmuv2Machine.of(LowerHalfOnly.MSM8996).model("profile", "qcom").probe()) {
            assertThat(machine.unit().createContext(upper).tableConfig().quirks() & Quirk.ARM_TTBR1)
                    .isNotZero();
            machine.addHooks(new LowerHalfOnly());
            assertThatThrownBy(() -> machine.unit().createContext(upper))
                    .isInstanceOfSatisfying(
                            IommuException.class,
                            refused -> assertThat(refused.errno()).isEqualTo(Errno.EOPNOTSUPP))
                    .hasMessageEndingWith("no upper half (TTBR1): smmu0 is an MSM8996's (qcom,msm8996-smmu-v2), whose"
                            + " TTBR1 does not work");
            machine.attached(OTHER);
        }
        assertThat(new LowerHalfOnly().match(identity(Qualcomm.ADRENO, Map.of())))
                .isEmpty();
    }

    @Test
    void limitThatIsNoneIsRefusedByName() {
        for (String limit : new String[] {"0", "-1", "many"}) {
            assertThatThrownBy(() -> machine(new BankLimit())
                            .firmware(Qualcomm.BANKS, limit)
                            .probe())
                    .isInstanceOf(IommuException.class)
                    .hasMessageContaining("qcom,context-banks of smmu0 is '" + limit + "'");
        }
    }

    @Test
    void listedDevicesPassUntilTheyAreAttached() {
        for (boolean hooked : new boolean[] {false, true}) {
            Smmuv2Hooks[] hooks = hooked
                    ? new Smmuv2Hooks[] {new IdentityClients(), new BypassEmulation()}
                    : new Smmuv2Hooks[] {new BypassEmulation()};
            try (Smmuv2Machine machine = machine(hooks)
                    .firmware(IdentityClients.PROPERTY, "dev7, dev1")
                    .probe()) {
                DeviceRecord display = machine.device(OTHER);
                machine.device(2);
                assertThat(machine.word(OTHER, PAGE)).isEqualTo(hooked ? 42 : -1);
                assertThat(machine.word(2, PAGE)).isEqualTo(-1);
                machine.unit().attach(display, Attachment.BLOCKED);
                assertThat(machine.word(OTHER, PAGE)).isEqualTo(-1);
            }
        }
    }
}
