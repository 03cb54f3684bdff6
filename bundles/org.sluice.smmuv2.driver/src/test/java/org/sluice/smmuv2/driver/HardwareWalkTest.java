package org.sluice.smmuv2.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.osgi.service.log.Logger;
import org.sluice.smmuv2.arch.AddressTranslationStatus;
import org.sluice.smmuv2.arch.Ats1PrivilegedRead;
import org.sluice.smmuv2.arch.SIdr0;
import org.sluice.smmuv2.arch.TranslationTableBase0;
import org.sluice.spi.board.IommuHardware;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.HardwareWalk;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.quirk.HardwareIdentity;
import org.sluice.spi.quirk.Smmuv2Hooks;

/** ATS1PR and PAR: what the hardware's own walk says, and what becomes of the question when it says nothing. */
@Timeout(60)
class HardwareWalkTest {
    private static final int SID = 0x42;
    private static final long IOVA = 0x1234_5000L;
    private static final long PAGE = 0x8123_4000L;
    private static final int BANK_PAGE = 0xfff;

    private final List<String> errors = new CopyOnWriteArrayList<>();
    private final Watched registers = new Watched();
    private final Smmuv2Driver driver = new Smmuv2Driver((Logger) Proxy.newProxyInstance(
            Logger.class.getClassLoader(), new Class<?>[] {Logger.class}, (proxy, method, arguments) -> {
                if (method.getName().equals("error")) {
                    errors.add(String.valueOf(arguments[2]));
                }
                return null;
            }));
    private Machine machine;
    private DeviceRecord nic;

    /** Registers that count the questions, and may never come to an answer. */
    private static final class Watched implements RegisterFile {
        private RegisterFile device;
        private boolean stuck;
        private int questions;

        private boolean isQuestion(long offset) {
            return offset > BANK_PAGE && (offset & BANK_PAGE) == Ats1PrivilegedRead.OFFSET;
        }

        @Override
        public int read32(long offset) {
            boolean status = offset > BANK_PAGE && (offset & BANK_PAGE) == AddressTranslationStatus.OFFSET;
            return status && stuck ? (int) AddressTranslationStatus.ACTIVE_MASK : device.read32(offset);
        }

        @Override
        public void write32(long offset, int value) {
            device.write32(offset, value);
        }

        @Override
        public long read64(long offset) {
            return device.read64(offset);
        }

        @Override
        public void write64(long offset, long value) {
            if (isQuestion(offset)) {
                questions++;
            }
            device.write64(offset, value);
        }
    }

    private TranslationContext attached(Object... properties) {
        machine = new Machine("arm,smmu-v2", properties);
        registers.device = machine.registers();
        IommuHardware hardware =
                new IommuHardware("smmu0", "arm,smmu-v2", registers, machine, Map.of(), machine.hardware.power());
        machine.unit = (Smmuv2Unit) driver.probe(hardware, machine);
        long root = machine.table();
        machine.map(root, IOVA, PAGE | Machine.RW);
        TranslationContext context = machine.stage1(root, false);
        assertThat(ask(context, IOVA)).as("before a device is attached").isEmpty();
        nic = machine.attached("nic", SID, context);
        return context;
    }

    private static OptionalLong ask(TranslationContext context, long iova) {
        return ((HardwareWalk) context).hardwareWalk(iova);
    }

    @AfterEach
    void stop() {
        machine.unit.handOver();
        machine.model.close();
    }

    @Test
    void hitIsThePhysicalAddressWithItsOffset() {
        assertThat(ask(attached(), IOVA + 0x123)).hasValue(PAGE + 0x123);
        assertThat(errors).isEmpty();
    }

    @Test
    void faultIsZeroIsLoggedAndIsNoFaultOfTheDevice() {
        TranslationContext context = attached();
        assertThat(ask(context, IOVA + 0x1000)).hasValue(0);
        assertThat(errors).singleElement().asString().contains("0x12346000").contains("PAR is 0x3");
        assertThat(machine.faults).isEmpty();
        assertThat(machine.guilty).isEmpty();
    }

    @Test
    void hardwareThatDoesNotFinishIsGivenUpWithAnErrorLine() {
        TranslationContext context = attached();
        registers.stuck = true;
        assertThat(ask(context, IOVA)).isEmpty();
        assertThat(errors).singleElement().asString().contains("has not translated 0x12345000 after 1 ms");
        registers.stuck = false;
        assertThat(ask(context, IOVA)).hasValue(PAGE);
    }

    @Test
    void powerStageTwoAndDetachingLeaveItWithoutAnswer() {
        TranslationContext context = attached();
        machine.powerDown();
        assertThat(ask(context, IOVA)).isEmpty();
        machine.powerUp();
        assertThat(ask(context, IOVA)).hasValue(PAGE);
        long second = machine.table();
        machine.map(second, IOVA, PAGE | Machine.RW2);
        TranslationContext stage2 = machine.stage2(second);
        DeviceRecord disk = machine.attached("disk", SID + 1, stage2);
        assertThat(ask(stage2, IOVA)).isEmpty();
        machine.unit.attach(disk, Attachment.to(context));
        machine.unit.removeDevice(disk);
        assertThat(ask(context, IOVA)).as("another device keeps the bank").hasValue(PAGE);
        machine.unit.removeDevice(nic);
        assertThat(ask(context, IOVA)).as("nobody is attached any more").isEmpty();
        assertThat(registers.questions).as("those that were answered").isEqualTo(2);
        assertThat(errors).isEmpty();
    }

    @Test
    void hardwareWithoutTheOperationsIsNotAsked() {
        assertThat(ask(attached("idr0.ATOSNS", 1), IOVA)).isEmpty();
        assertThat(registers.questions).isZero();
    }

    /** An erratum of the operations is a hook that takes them out of IDR0. */
    @Test
    void hookTakesTheOperationsAway() {
        driver.addHooks(Machine.reference(1), new Smmuv2Hooks() {
            @Override
            public String name() {
                return "no translation operations";
            }

            @Override
            public Optional<String> match(HardwareIdentity identity) {
                return Optional.of("every one");
            }

            @Override
            public RegisterFile registers(HardwareIdentity identity, RegisterFile found) {
                return new RegisterFile() {
                    @Override
                    public int read32(long offset) {
                        int value = found.read32(offset);
                        return offset == SIdr0.OFFSET ? (int) SIdr0.withAtosns(value & 0xffffffffL, 1) : value;
                    }

                    @Override
                    public void write32(long offset, int value) {
                        found.write32(offset, value);
                    }

                    @Override
                    public long read64(long offset) {
                        return found.read64(offset);
                    }

                    @Override
                    public void write64(long offset, long value) {
                        found.write64(offset, value);
                    }
                };
            }
        });
        assertThat(ask(attached(), IOVA)).isEmpty();
        assertThat(registers.questions).isZero();
    }

    @Test
    void theUpperHalfAnswersAndTablesThatADeviceLoadsByItselfDoNot() {
        attached();
        long kernelRoot = machine.table();
        long high = IOVA | -1L << 39;
        machine.map(kernelRoot, high, PAGE + 0x1000 | Machine.RW);
        TranslationContext kernel = machine.stage1(kernelRoot, true);
        DeviceRecord gpu = machine.attached("gpu", 0, kernel);
        long root = machine.table();
        machine.map(root, IOVA, PAGE | Machine.RW);
        TranslationContext process = machine.stage1(root, false);
        int asid = process.record().tag();
        machine.unit.allowTable(gpu, process, asid);
        int bank = ((BankContext) kernel).bank();
        machine.unit.space().setBank64(bank, TranslationTableBase0.OFFSET, TranslationTableBase0.withAsid(root, asid));
        assertThat(ask(kernel, high + 8)).hasValue(PAGE + 0x1008);
        // what is loaded at the moment may be another process's
        assertThat(ask(process, IOVA)).isEmpty();
    }
}
