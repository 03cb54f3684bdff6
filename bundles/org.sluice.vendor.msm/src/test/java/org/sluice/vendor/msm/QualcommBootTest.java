package org.sluice.vendor.msm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv2.testkit.Smmuv2Machine;
import org.sluice.smmuv2.testkit.Smmuv2Space;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.UnitRecord;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;

/** What boot loader and firmware of Qualcomm's chips leave behind, without hooks and with them. */
@Timeout(60)
class QualcommBootTest {
    private static final int DISPLAY = 0x20;
    private static final int OTHER = 1;
    private static final long IOVA = 0x4000_0000L;
    private static final long PAGE = Smmuv2Machine.RAM + 0x1_0000;

    private static Smmuv2Machine machine(String compatible, Smmuv2Hooks... hooks) {
        Smmuv2Machine machine =
                Smmuv2Machine.of(compatible).model("profile", "qcom").hooks(hooks);
        machine.memory().write32(PAGE, 42);
        machine.memory().write32(PAGE + 0x1000, 43);
        return machine;
    }

    /** The boot loader shows a picture: StreamIDs 0x20 to 0x23 pass. */
    private static Smmuv2Machine lit(Smmuv2Hooks... hooks) {
        return machine("qcom,smmu-500", hooks).model("boot.streams", "0x20/3");
    }

    private static HardwareIdentity identity(String compatible, Map<String, String> properties) {
        return new HardwareIdentity("smmu0", compatible, 0, properties);
    }

    @Test
    void firmwareSaysWhichSmmuIsConcerned() {
        Map<String, String> list = Map.of(ClientActlr.PROPERTY, "dev1=0x3");
        assertThat(new StreamHandoff().match(identity("qcom,smmu-500", list))).hasValue("compatible is qcom,smmu-500");
        assertThat(new StreamLimit().match(identity("qcom,smmu-500", list))).hasValue("compatible is qcom,smmu-500");
        assertThat(new ClientActlr().match(identity("qcom,smmu-500", list)))
                .hasValue("compatible is qcom,smmu-500, qcom,client-actlr is dev1=0x3");
        assertThat(new ClientActlr().match(identity("qcom,smmu-500", Map.of()))).isEmpty();
        assertThat(new WaitForSafe().match(identity(WaitForSafe.SDM845, Map.of())))
                .hasValue("compatible is qcom,sdm845-smmu-500");
        assertThat(new WaitForSafe().match(identity("qcom,smmu-500", Map.of()))).isEmpty();
        List<Smmuv2Hooks> all =
                List.of(new StreamHandoff(), new WaitForSafe(), new ClientActlr(), new StreamLimit(), new WalkFlush());
        assertThat(all)
                .allMatch(hooks -> hooks.match(identity("arm,mmu-500", list)).isEmpty());
    }

    @Test
    void withoutThePlugInTheDisplayGoesDarkAtTheReset() {
        try (Smmuv2Machine machine = lit(new BypassEmulation())) {
            machine.powerOn();
            assertThat(machine.word(DISPLAY, PAGE)).as("the boot loader's").isEqualTo(42);
            machine.probe();
            assertThat(machine.word(DISPLAY, PAGE)).isEqualTo(-1);
        }
    }

    /** With the form of 16 bits, which the boot loader did not use, and with that of 15. */
    @Test
    void withItTheDisplayPassesUntilItIsAttached() {
        for (int extended = 0; extended < 2; extended++) {
            try (Smmuv2Machine machine = lit(new StreamHandoff(), new BypassEmulation())
                    .model("idr0.EXIDS", extended)
                    .probe()) {
                assertThat(machine.word(DISPLAY, PAGE)).as("nobody's yet").isEqualTo(42);
                assertThat(machine.word(OTHER, PAGE))
                        .as("not the boot loader's")
                        .isEqualTo(-1);
                DeviceRecord display = machine.device(DISPLAY);
                assertThat(machine.word(DISPLAY, PAGE)).as("added").isEqualTo(42);
                Smmuv2Space space = machine.space();
                space.map(IOVA, PAGE + 0x1000, 0x1000);
                machine.unit().attach(display, Attachment.to(space.context()));
                assertThat(machine.word(DISPLAY, IOVA)).as("attached").isEqualTo(43);
                assertThat(machine.word(DISPLAY + 1, IOVA))
                        .as("with all of its entry")
                        .isEqualTo(43);
                machine.unit().removeDevice(display);
                assertThat(machine.word(DISPLAY, PAGE)).isEqualTo(-1);
            }
        }
    }

    @Test
    void entryIsForOneDevice() {
        try (Smmuv2Machine machine =
                lit(new StreamHandoff(), new BypassEmulation()).probe()) {
            machine.device(DISPLAY);
            assertThatThrownBy(() -> machine.device(DISPLAY + 1))
                    .isInstanceOfSatisfying(
                            IommuException.class,
                            busy -> assertThat(busy.errno()).isEqualTo(Errno.EBUSY))
                    .hasMessageContaining("StreamID 0x21 of dev33 is in entry 15 of the boot loader, which dev32 has");
            DeviceRecord both = new DeviceRecord("both", List.of(OTHER, DISPLAY), 0);
            assertThatThrownBy(() -> machine.unit().addDevice(both)).hasMessageContaining("is dev32's");
            assertThat(machine.word(DISPLAY, PAGE)).isEqualTo(42);
        }
    }

    @Test
    void deviceThatCannotBeAddedLeavesTheEntryAsItWas() {
        try (Smmuv2Machine machine =
                lit(new StreamHandoff(), new BypassEmulation()).probe()) {
            DeviceRecord wide = new DeviceRecord("wide", List.of(DISPLAY, 1 << 20), 0);
            assertThatThrownBy(() -> machine.unit().addDevice(wide)).hasMessageContaining("StreamID 0x100000 of wide");
            assertThat(machine.word(DISPLAY, PAGE)).isEqualTo(42);
            machine.unit().attach(machine.device(DISPLAY), Attachment.BLOCKED);
            assertThat(machine.word(DISPLAY, PAGE)).isEqualTo(-1);
        }
    }

    @Test
    void successorOfTheDriverLeavesTheEntryToItsDevice() {
        try (Smmuv2Machine machine =
                lit(new StreamHandoff(), new BypassEmulation()).probe()) {
            machine.takeOver(new UnitRecord(UnitRecord.VERSION, List.of()));
            for (int stream = 1; stream < 16; stream++) {
                machine.device(stream);
            }
            assertThatThrownBy(() -> machine.device(16)).hasMessageContaining("all 16 stream match entries");
            assertThat(machine.word(DISPLAY, PAGE)).isEqualTo(42);
            DeviceRecord display = machine.device(DISPLAY);
            machine.takeOver(new UnitRecord(
                    UnitRecord.VERSION,
                    List.of(new UnitRecord.Device(display, Attachment.Kind.IDENTITY, null, List.of()))));
            machine.unit().attach(display, Attachment.BLOCKED);
            assertThat(machine.word(DISPLAY + 1, PAGE)).isEqualTo(-1);
        }
    }

    @Test
    void withoutThePlugInSynchronisationsWait() {
        assertThat(waits()).isPositive();
    }

    @Test
    void withItFirmwareIsToldThatTheyNeedNot() {
        assertThat(waits(new WaitForSafe())).isZero();
    }

    /** How often a status said "not over" while a page was unmapped. */
    private static long waits(Smmuv2Hooks... hooks) {
        try (Smmuv2Machine machine = machine(WaitForSafe.SDM845, hooks)
                .model("defects", "wait-for-safe")
                .probe()) {
            Smmuv2Space space = machine.attached(OTHER);
            space.map(IOVA, PAGE, 0x1000);
            assertThat(machine.word(OTHER, IOVA)).isEqualTo(42);
            long before = machine.count("sync.wait");
            space.unmap(IOVA, PAGE, 0x1000);
            assertThat(machine.word(OTHER, IOVA)).isEqualTo(-1);
            return machine.count("sync.wait") - before;
        }
    }

    @Test
    void firmwareWithoutTheCallIsNoReasonToFail() {
        new WaitForSafe().reset(identity(WaitForSafe.SDM845, Map.of()), null, null);
    }

    @Test
    void withoutThePlugInEveryDeviceFetchesAhead() {
        assertThat(missesOfTwoPages(OTHER)).isOne();
        assertThat(missesOfTwoPages(2)).isOne();
    }

    @Test
    void withItThoseDoNotThatFirmwareLists() {
        assertThat(missesOfTwoPages(OTHER, new ClientActlr())).isEqualTo(2);
        assertThat(missesOfTwoPages(2, new ClientActlr())).isOne();
    }

    private static long missesOfTwoPages(int stream, Smmuv2Hooks... hooks) {
        try (Smmuv2Machine machine = machine("qcom,smmu-500", hooks)
                .firmware(ClientActlr.PROPERTY, "dev1=0x0, dev7=2")
                .model("defects", "prefetch")
                .probe()) {
            machine.attached(stream).map(IOVA, PAGE, 0x2000);
            assertThat(machine.word(stream, IOVA)).isEqualTo(42);
            assertThat(machine.word(stream, IOVA + 0x1000)).isEqualTo(43);
            return machine.count("tlb.miss");
        }
    }

    @Test
    void withoutThePlugInATableGoesAddressByAddress() {
        assertThat(operationsForATable("TLBIVA")).isEqualTo(512);
        assertThat(operationsForATable("TLBIASID")).isZero();
    }

    @Test
    void withItATableGoesByAsidAndPagesStillByAddress() {
        assertThat(operationsForATable("TLBIVA", new WalkFlush())).isZero();
        assertThat(operationsForATable("TLBIASID", new WalkFlush())).isOne();
    }

    private static long operationsForATable(String operation, Smmuv2Hooks... hooks) {
        try (Smmuv2Machine machine = machine("qcom,smmu-500", hooks).probe()) {
            Smmuv2Space space = machine.attached(OTHER);
            space.map(IOVA, PAGE, 0x1000);
            assertThat(machine.word(OTHER, IOVA)).isEqualTo(42);
            space.unmap(IOVA, PAGE, 0x1000);
            assertThat(machine.word(OTHER, IOVA)).isEqualTo(-1);
            assertThat(machine.count("operation.TLBIVAL")).as("a page").isOne();
            long before = machine.count("operation." + operation);
            space.context().invalidate(IOVA, 1L << 21, 0x1000, false);
            space.context().sync();
            return machine.count("operation." + operation) - before;
        }
    }

    @Test
    void valueThatIsNoneIsRefusedByName() {
        for (String value : new String[] {"dev1", "dev1=", "dev1=fast"}) {
            try (Smmuv2Machine machine = machine("qcom,smmu-500", new ClientActlr())
                    .firmware(ClientActlr.PROPERTY, value)
                    .probe()) {
                assertThatThrownBy(() -> machine.attached(OTHER))
                        .isInstanceOf(IommuException.class)
                        .hasMessageContaining("qcom,client-actlr of smmu0 for dev1 is '");
            }
        }
    }

    @Test
    void withoutThePlugInTheLastEntriesAreNotThere() {
        try (Smmuv2Machine machine = machine("qcom,smmu-500")
                .model("idr0.NUMSMRG", 130, "defects", "")
                .probe()) {
            add128(machine);
            DeviceRecord lost = machine.device(0x200);
            machine.unit().attach(lost, Attachment.IDENTITY);
            assertThat(machine.word(0x200, PAGE)).isEqualTo(-1);
        }
    }

    @Test
    void withItTheyAreNotGivenToAnybody() {
        try (Smmuv2Machine machine = machine("qcom,smmu-500", new StreamLimit())
                .model("idr0.NUMSMRG", 130, "defects", "")
                .probe()) {
            add128(machine);
            assertThatThrownBy(() -> machine.device(0x200)).hasMessageContaining("all 128 stream match entries");
        }
    }

    private static void add128(Smmuv2Machine machine) {
        for (int stream = 1; stream <= 128; stream++) {
            machine.device(stream);
        }
    }
}
