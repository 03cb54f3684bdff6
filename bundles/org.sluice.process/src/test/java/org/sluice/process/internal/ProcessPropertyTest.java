package org.sluice.process.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.pgtable.arm.Stage1Format;
import org.sluice.process.Process;
import org.sluice.process.ProcessRequest;

/** Random lives of processes and of devices that share them, against a plain map of bytes. */
class ProcessPropertyTest {
    private static final long BASE = 0x20_0000 - 8 * Process.PAGE;
    private static final int PAGES = 16;
    private static final int STEPS = 4000;

    /** What a process should contain: a byte and the rights of each page; absent where nothing is. */
    private record Cell(int value, int prot) {}

    private static final class Life {
        final Process process;
        final SharingDevice device;
        final Map<Integer, Cell> expected;

        Life(Process process, TestBoard board, Map<Integer, Cell> expected) {
            this.process = process;
            this.device = new SharingDevice(process, board);
            this.expected = new HashMap<>(expected);
        }
    }

    private final TestBoard board = TestBoard.of(0x100_0000);
    private final Processes processes = new Processes();
    private final List<Life> lives = new ArrayList<>();
    private Random random;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 42})
    void processAndDeviceAlwaysSeeWhatWasWritten(long seed) {
        random = new Random(seed);
        processes.addBoard(board);
        processes.addFormat(new Stage1Format());
        lives.add(new Life(processes.start(ProcessRequest.on("test")), board, Map.of()));
        for (int step = 0; step < STEPS; step++) {
            Life life = lives.get(random.nextInt(lives.size()));
            switch (random.nextInt(12)) {
                case 0 -> map(life);
                case 1 -> unmap(life);
                case 2 -> protect(life);
                case 3 -> forkOrExit(life);
                case 4, 5, 6 -> write(life);
                default -> read(life);
            }
        }
        lives.forEach(life -> life.process.exit());
        assertThat(board.allocator().allocatedBytes()).isZero();
    }

    private static long address(int page) {
        return BASE + page * Process.PAGE;
    }

    private int rights() {
        return new int[] {0, Prot.READ, Prot.READ | Prot.WRITE, Prot.READ | Prot.WRITE}[random.nextInt(4)];
    }

    private void map(Life life) {
        int first = random.nextInt(PAGES);
        int count = 1 + random.nextInt(PAGES - first);
        int prot = rights();
        boolean free = true;
        for (int page = first; page < first + count; page++) {
            free &= !life.expected.containsKey(page);
        }
        try {
            life.process.mmap(address(first), count * Process.PAGE, prot);
            assertThat(free).isTrue();
            for (int page = first; page < first + count; page++) {
                life.expected.put(page, new Cell(0, prot));
            }
        } catch (IommuException refused) {
            assertThat(refused.errno()).isEqualTo(Errno.EEXIST);
            assertThat(free).isFalse();
        }
    }

    private void unmap(Life life) {
        int first = random.nextInt(PAGES);
        int count = 1 + random.nextInt(3);
        life.process.munmap(address(first), count * Process.PAGE);
        for (int page = first; page < first + count; page++) {
            life.expected.remove(page);
        }
    }

    private void protect(Life life) {
        int page = random.nextInt(PAGES);
        int prot = rights();
        Cell cell = life.expected.get(page);
        if (cell != null) {
            life.process.mprotect(address(page), Process.PAGE, prot);
            life.expected.put(page, new Cell(cell.value(), prot));
        }
    }

    private void forkOrExit(Life life) {
        if (lives.size() < 4) {
            lives.add(new Life(life.process.fork(), board, life.expected));
        } else if (random.nextBoolean()) {
            life.process.exit();
            lives.remove(life);
        }
    }

    private void write(Life life) {
        int page = random.nextInt(PAGES);
        byte value = (byte) random.nextInt();
        Cell cell = life.expected.get(page);
        boolean allowed = cell != null && (cell.prot() & Prot.WRITE) != 0;
        boolean done = random.nextBoolean()
                ? life.device.write(address(page), value)
                : cpuWrite(life.process, address(page), value);
        assertThat(done).isEqualTo(allowed);
        if (done) {
            life.expected.put(page, new Cell(value & 0xff, cell.prot()));
        }
    }

    private static boolean cpuWrite(Process process, long address, byte value) {
        try {
            process.write(address, new byte[] {value}, 0, 1);
            return true;
        } catch (IommuException fault) {
            assertThat(fault.errno()).isEqualTo(Errno.EFAULT);
            return false;
        }
    }

    private void read(Life life) {
        int page = random.nextInt(PAGES);
        Cell cell = life.expected.get(page);
        int wanted = cell == null || cell.prot() == 0 ? -1 : cell.value();
        assertThat(life.device.read(address(page))).as("device, page %d", page).isEqualTo(wanted);
        assertThat(cpuRead(life.process, address(page)))
                .as("CPU, page %d", page)
                .isEqualTo(wanted);
    }

    private static int cpuRead(Process process, long address) {
        byte[] one = new byte[1];
        try {
            process.read(address, one, 0, 1);
            return one[0] & 0xff;
        } catch (IommuException fault) {
            assertThat(fault.errno()).isEqualTo(Errno.EFAULT);
            return -1;
        }
    }
}
