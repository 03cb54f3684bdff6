package org.sluice.trace.fake;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.SvaBond;
import org.sluice.api.SvaFeature;
import org.sluice.process.Process;
import org.sluice.process.ProcessRequest;
import org.sluice.process.ProcessTable;
import org.sluice.spi.memory.PhysicalMemory;

/** Processes of the fake platform and the bonds of its devices with them. */
final class FakeProcesses implements ProcessTable {
    /** Beyond the PASIDs that private spaces get. */
    private static final int FIRST_PASID = 1000;

    private final FakePlatform platform;
    private final Map<Long, FakeProcess> running = new LinkedHashMap<>();
    private final Set<Bond> bonds = new LinkedHashSet<>();
    private final AtomicLong repaired = new AtomicLong();
    private long numbers;

    FakeProcesses(FakePlatform platform) {
        this.platform = platform;
    }

    boolean has(Defect defect) {
        return platform.defect() == defect;
    }

    PhysicalMemory memory() {
        return platform.memory();
    }

    long frame() {
        return platform.allocate(Process.PAGE, Process.PAGE);
    }

    long copy(long frame) {
        byte[] content = new byte[(int) Process.PAGE];
        memory().read(frame, content, 0, content.length);
        long copy = frame();
        memory().write(copy, content, 0, content.length);
        return copy;
    }

    void repair() {
        repaired.incrementAndGet();
    }

    long repaired() {
        return repaired.get();
    }

    FakeProcess start() {
        FakeProcess process = new FakeProcess(this, ++numbers);
        running.put(process.number(), process);
        return process;
    }

    SvaBond bind(FakeDevice device, long number) {
        Bond bond = new Bond(device, running.get(number));
        device.share(bond.pasid(), bond.process);
        bonds.add(bond);
        return bond;
    }

    void exited(FakeProcess process) {
        running.remove(process.number());
        if (!has(Defect.DEAF_EXIT)) {
            List.copyOf(bonds).stream().filter(bond -> bond.process == process).forEach(Bond::exit);
        }
    }

    @Override
    public Process start(ProcessRequest request) {
        return start();
    }

    @Override
    public Optional<Process> process(long number) {
        return Optional.ofNullable(running.get(number));
    }

    @Override
    public List<Process> processes() {
        return List.copyOf(running.values());
    }

    /** A device and a process. */
    private final class Bond implements SvaBond {
        private final FakeDevice device;
        private final FakeProcess process;
        private Runnable handler;

        Bond(FakeDevice device, FakeProcess process) {
            this.device = device;
            this.process = process;
        }

        void exit() {
            if (handler != null) {
                handler.run();
            }
            end();
        }

        private void end() {
            bonds.remove(this);
            device.unshare(pasid());
        }

        @Override
        public IommuDevice device() {
            return device;
        }

        @Override
        public long process() {
            return process.number();
        }

        @Override
        public int pasid() {
            return FIRST_PASID + (int) process.number();
        }

        @Override
        public IoMm space() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Set<SvaFeature> features() {
            return Set.of(SvaFeature.IO_PAGE_FAULTS);
        }

        @Override
        public boolean isLive() {
            return bonds.contains(this);
        }

        @Override
        public void onExit(Runnable exitHandler) {
            handler = exitHandler;
        }

        @Override
        public void close() {
            if (!has(Defect.DEAF_UNBIND)) {
                end();
            }
        }
    }
}
