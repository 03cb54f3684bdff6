package org.sluice.process.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.api.ProviderMissingException;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.process.Area;
import org.sluice.process.Process;
import org.sluice.process.ProcessRequest;
import org.sluice.spi.sva.PageArrival;

class ProcessesTest {
    private static final int RW = Prot.READ | Prot.WRITE;
    private static final long BASE = 0x10_0000;

    private final TestBoard board = TestBoard.of(0x100_0000);
    private final Processes processes = new Processes();
    private final Stage1Format format = new Stage1Format();
    private Process process;

    @BeforeEach
    void start() {
        processes.addBoard(board);
        processes.addFormat(format);
        process = processes.start(ProcessRequest.on("test"));
    }

    @AfterEach
    void everythingComesBack() {
        processes.close();
        assertThat(board.allocator().allocatedBytes()).isZero();
    }

    private static Errno errnoOf(Runnable call) {
        return catchThrowableOfType(IommuException.class, call::run).errno();
    }

    private int at(Process who, long address) {
        byte[] one = new byte[1];
        who.read(address, one, 0, 1);
        return one[0] & 0xff;
    }

    private void put(Process who, long address, int value) {
        who.write(address, new byte[] {(byte) value}, 0, 1);
    }

    @Test
    void pagesComeWithTheFirstTouchAndAreZero() {
        process.mmap(BASE, 0x4000, RW);
        assertThat(process.residentPages()).isZero();
        assertThat(process.addressSpace().translate(BASE)).isZero();
        assertThat(at(process, BASE + 0x1fff)).isZero();
        assertThat(process.residentPages()).isEqualTo(1);
        assertThat(process.addressSpace().translate(BASE + 0x1004)).isNotZero();
    }

    @Test
    void textAcrossPagesComesBackAsWritten() {
        process.mmap(BASE, 0x3000, RW);
        byte[] text = "across a page".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        process.write(BASE + 0xffa, text, 0, text.length);
        byte[] back = new byte[text.length];
        process.read(BASE + 0xffa, back, 0, back.length);
        assertThat(back).isEqualTo(text);
        assertThat(process.residentPages()).isEqualTo(2);
    }

    @Test
    void accessOutsideOfItsRightsIsEfault() {
        process.mmap(BASE, 0x1000, Prot.READ);
        assertThat(errnoOf(() -> put(process, BASE, 1))).isEqualTo(Errno.EFAULT);
        assertThat(errnoOf(() -> at(process, BASE + 0x1000))).isEqualTo(Errno.EFAULT);
        process.mmap(BASE + 0x1000, 0x1000, 0);
        assertThat(errnoOf(() -> at(process, BASE + 0x1000))).isEqualTo(Errno.EFAULT);
    }

    @Test
    void areasAreCheckedSplitAndRefused() {
        process.mmap(BASE, 0x4000, RW);
        assertThat(errnoOf(() -> process.mmap(BASE + 0x3000, 0x2000, RW))).isEqualTo(Errno.EEXIST);
        assertThat(errnoOf(() -> process.mmap(BASE + 1, 0x1000, RW))).isEqualTo(Errno.EINVAL);
        assertThat(errnoOf(() -> process.mmap(BASE, 0, RW))).isEqualTo(Errno.EINVAL);
        assertThat(errnoOf(() -> process.mmap(BASE, 0x1000, Prot.MMIO))).isEqualTo(Errno.EINVAL);
        assertThat(errnoOf(() -> process.mmap(1L << 48, 0x1000, RW))).isEqualTo(Errno.ERANGE);
        assertThat(errnoOf(() -> process.mprotect(BASE, 0x8000, RW))).isEqualTo(Errno.ENOMEM);
        process.munmap(BASE + 0x1000, 0x1000);
        process.mprotect(BASE + 0x3000, 0x1000, Prot.READ);
        assertThat(process.areas())
                .containsExactly(
                        new Area(BASE, 0x1000, RW),
                        new Area(BASE + 0x2000, 0x1000, RW),
                        new Area(BASE + 0x3000, 0x1000, Prot.READ));
    }

    @Test
    void deviceFaultsPagesInWithTheRightsOfTheProcess() {
        process.mmap(BASE, 0x1000, Prot.READ | Prot.NOEXEC);
        var mm = process.addressSpace();
        assertThat(mm.faultIn(BASE, Prot.READ, false)).isEqualTo(PageArrival.PRESENT);
        assertThat(mm.faultIn(BASE, Prot.WRITE, false)).isEqualTo(PageArrival.NOT_ALLOWED);
        assertThat(mm.faultIn(BASE, Prot.READ, true)).isEqualTo(PageArrival.NOT_ALLOWED);
        assertThat(mm.faultIn(BASE + 0x1000, Prot.READ, false)).isEqualTo(PageArrival.NO_MAPPING);
        process.exit();
        assertThat(mm.faultIn(BASE, Prot.READ, false)).isEqualTo(PageArrival.EXITED);
        assertThatThrownBy(() -> new SharingDevice(process, board)).hasMessageContaining("ESRCH");
    }

    @Test
    void forkCopiesOnTheFirstWriteOfEitherAndTheDeviceSeesItsOwnSide() {
        process.mmap(BASE, 0x2000, RW);
        put(process, BASE, 1);
        SharingDevice device = new SharingDevice(process, board);
        assertThat(device.write(BASE, (byte) 2)).isTrue();
        long shared = process.addressSpace().translate(BASE);
        Process child = process.fork();
        assertThat(at(child, BASE)).isEqualTo(2);
        assertThat(child.addressSpace().translate(BASE)).isEqualTo(shared);
        put(child, BASE, 3);
        assertThat(device.read(BASE)).isEqualTo(2);
        assertThat(device.write(BASE, (byte) 4)).isTrue();
        assertThat(at(child, BASE)).isEqualTo(3);
        assertThat(at(process, BASE)).isEqualTo(4);
        assertThat(child.addressSpace().translate(BASE))
                .isNotEqualTo(process.addressSpace().translate(BASE));
    }

    @Test
    void lastOneWhoRefersToAFrameKeepsIt() {
        process.mmap(BASE, 0x1000, RW);
        put(process, BASE, 7);
        Process child = process.fork();
        long frame = board.allocator().allocatedBytes();
        child.exit();
        put(process, BASE, 8);
        assertThat(at(process, BASE)).isEqualTo(8);
        assertThat(board.allocator().allocatedBytes()).as("nothing was copied").isLessThan(frame);
    }

    @Test
    void deviceLosesAPageBeforeItsFrameIsFreed() {
        process.mmap(BASE, 0x4000, RW);
        SharingDevice device = new SharingDevice(process, board);
        for (int i = 0; i < 4; i++) {
            assertThat(device.write(BASE + i * 0x1000L, (byte) i)).isTrue();
        }
        process.munmap(BASE, 0x2000);
        assertThat(device.invalidations).isEqualTo(1);
        assertThat(device.read(BASE)).isEqualTo(-1);
        assertThat(device.read(BASE + 0x2000)).isEqualTo(2);
        process.mprotect(BASE + 0x2000, 0x1000, Prot.READ);
        assertThat(device.write(BASE + 0x2000, (byte) 9)).isFalse();
        assertThat(device.read(BASE + 0x2000)).isEqualTo(2);
    }

    @Test
    void framesStayAsLongAsADeviceCannotBeToldToForgetThem() {
        process.mmap(BASE, 0x2000, RW);
        SharingDevice device = new SharingDevice(process, board);
        device.write(BASE, (byte) 5);
        long before = board.allocator().allocatedBytes();
        device.refuses = new ProviderMissingException("driver", "swap");
        assertThatThrownBy(() -> process.munmap(BASE, 0x1000)).isSameAs(device.refuses);
        assertThat(board.allocator().allocatedBytes()).isEqualTo(before);
        assertThat(device.read(BASE)).as("its old entry still works").isEqualTo(5);
        device.refuses = null;
        process.munmap(BASE + 0x1000, 0x1000);
        assertThat(board.allocator().allocatedBytes()).isEqualTo(before - Process.PAGE);
        assertThat(device.read(BASE)).isEqualTo(-1);
    }

    @Test
    void exitTellsWatchersBeforeItFreesAndMayBeRepeated() {
        process.mmap(BASE, 0x1000, RW);
        put(process, BASE, 1);
        SharingDevice device = new SharingDevice(process, board);
        device.refuses = new ProviderMissingException("driver", "swap");
        long before = board.allocator().allocatedBytes();
        assertThatThrownBy(process::exit).isSameAs(device.refuses);
        assertThat(board.allocator().allocatedBytes()).isEqualTo(before);
        assertThat(errnoOf(() -> process.mmap(BASE, 0x1000, RW))).isEqualTo(Errno.ESRCH);
        device.refuses = null;
        process.exit();
        process.exit();
        assertThat(device.exited).isTrue();
        assertThat(processes.process(process.number())).isEmpty();
        assertThat(processes.find(process.number())).isEmpty();
    }

    @Test
    void formatMayBeExchangedWhileTheProcessLives() {
        process.mmap(BASE, 0x2000, RW);
        put(process, BASE, 1);
        SharingDevice device = new SharingDevice(process, board);
        processes.removeFormat(format);
        assertThat(process.addressSpace().translate(BASE)).isNotZero();
        processes.addFormat(new Stage1Format());
        put(process, BASE + 0x1000, 2);
        assertThat(device.read(BASE + 0x1000)).isEqualTo(2);
        assertThat(at(process, BASE)).isEqualTo(1);
    }

    @Test
    void missingBoardOrFormatIsNamed() {
        assertThatThrownBy(() -> processes.start(ProcessRequest.on("nowhere")))
                .hasMessageContaining("ENODEV: no board nowhere, there are [test]");
        processes.removeFormat(format);
        assertThatThrownBy(() -> processes.start(ProcessRequest.on("test")))
                .hasMessageContaining("page-table format ARM_64_LPAE_S1 is missing");
        processes.addFormat(format);
    }

    @Test
    void boardThatGoesEndsItsProcesses() {
        process.mmap(BASE, 0x1000, RW);
        put(process, BASE, 1);
        processes.removeBoard(board);
        assertThat(processes.processes()).isEmpty();
    }
}
