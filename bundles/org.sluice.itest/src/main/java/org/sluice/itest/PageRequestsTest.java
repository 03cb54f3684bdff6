package org.sluice.itest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.framework.ServiceRegistration;
import org.sluice.api.Counters;
import org.sluice.api.Domain;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultListener;
import org.sluice.api.FaultResponse;
import org.sluice.api.IoMm;
import org.sluice.api.Prot;
import org.sluice.api.SvaBond;
import org.sluice.api.SvaFeature;
import org.sluice.api.SvaParameters;
import org.sluice.process.Process;
import org.sluice.process.ProcessRequest;
import org.sluice.process.ProcessTable;
import org.sluice.spi.board.Dma;

/**
 * Page requests all the way: device TLB, page request queue, driver, core, process or client, PRI_RESP, and the device tries
 * again.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class PageRequestsTest {
    private static final String NIC = "nic";
    private static final long BASE = 0x7f00_0010_0000L;
    private static final long PAGE = 0x1000;
    private static final int RW = Prot.READ | Prot.WRITE;
    private static final byte[] TEXT = "asked for by PRI".getBytes(StandardCharsets.US_ASCII);
    /** The common pool of a machine with two processors has one thread. */
    private static final Executor OWN_THREAD = work -> new Thread(work, "device").start();

    /** A machine whose NIC has a device TLB and page requests, with further keys of that endpoint. */
    private static Machine machine(String name, String keys, Map<String, Object> more) throws Exception {
        Map<String, Object> properties = new HashMap<>(more);
        properties.put("endpoints", new String[] {NIC + ";sid=0x40;pasids=8;ats=64;pri=true" + keys});
        return Machine.powerOn(name, properties);
    }

    private static Process start(String board) throws Exception {
        ProcessTable processes = Container.service(ProcessTable.class);
        Container.await("the board is known to the processes", () -> {
            try {
                processes.start(ProcessRequest.on(board)).exit();
                return true;
            } catch (RuntimeException missing) {
                return false;
            }
        });
        return processes.start(ProcessRequest.on(board));
    }

    private static long counter(String subject, String name) throws Exception {
        long sum = 0;
        for (var reference : Container.CONTEXT.getServiceReferences(Counters.class, null)) {
            Counters counters = Container.CONTEXT.getService(reference);
            if (counters != null && counters.subject().equals(subject)) {
                sum += counters.read().getOrDefault(name, 0L);
            }
            Container.CONTEXT.ungetService(reference);
        }
        return sum;
    }

    private static byte[] of(Process process, long address) {
        byte[] seen = new byte[TEXT.length];
        process.read(address, seen, 0, seen.length);
        return seen;
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ";pasid-in-response=true", ";pri-pages=4"})
    void deviceSharesAProcess(String keys) throws Exception {
        List<FaultEvent> heard = new CopyOnWriteArrayList<>();
        ServiceRegistration<FaultListener> listener =
                Container.CONTEXT.registerService(FaultListener.class, heard::add, null);
        try (Machine machine = machine("pri", keys, Map.of())) {
            Process process = start("pri");
            process.mmap(BASE, 16 * PAGE, RW);
            machine.device(NIC).initSva(SvaParameters.any().with(SvaFeature.IO_PAGE_FAULTS));
            SvaBond bond = machine.iommu().bind(machine.device(NIC), process.number());
            Dma dma = machine.endpoint(NIC).dma();
            int pasid = bond.pasid();

            assertThat(dma.write(pasid, BASE + 0xff8, TEXT, 0, TEXT.length, 0)).isEqualTo(Dma.OK);
            assertThat(of(process, BASE + 0xff8)).isEqualTo(TEXT);
            assertThat(process.residentPages()).isEqualTo(keys.contains("pri-pages") ? 4 : 2);

            Process child = process.fork();
            byte[] other = TEXT.clone();
            other[0] = 'A';
            assertThat(dma.write(pasid, BASE + 0xff8, other, 0, other.length, 0))
                    .as("its TLB had the page writable")
                    .isEqualTo(Dma.OK);
            assertThat(of(child, BASE + 0xff8)).isEqualTo(TEXT);
            assertThat(of(process, BASE + 0xff8)).isEqualTo(other);
            child.exit();

            assertThat(heard).isEmpty();
            process.mprotect(BASE, PAGE, Prot.READ);
            assertThat(dma.write(pasid, BASE, TEXT, 0, 4, 0)).isEqualTo(Dma.ABORT);
            assertThat(dma.read(pasid, BASE, other, 0, 4, 0)).isEqualTo(Dma.OK);
            assertThat(heard).isNotEmpty().allSatisfy(event -> {
                assertThat(event.device()).isEqualTo(NIC);
                assertThat(event.pasid()).isEqualTo(pasid);
                assertThat(event.write()).isTrue();
            });
            assertThat(dma.read(pasid, BASE + 15 * PAGE, other, 0, 4, 0))
                    .as("the last page of the area, whatever lies behind it")
                    .isEqualTo(Dma.OK);
            process.munmap(BASE, PAGE);
            assertThat(dma.read(pasid, BASE, other, 0, 4, 0)).isEqualTo(Dma.ABORT);

            process.exit();
            assertThat(bond.isLive()).isFalse();
            assertThat(dma.read(pasid, BASE + PAGE, other, 0, 4, 0))
                    .as("its TLB had the page")
                    .isEqualTo(Dma.ABORT);
        } finally {
            listener.unregister();
        }
    }

    /**
     * A queue of 2 entries for devices that may have 2 requests each: what it loses the hardware answers, and the devices ask
     * until they have all.
     */
    @Test
    void overflowLosesRequestsButNoAccess() throws Exception {
        String[] nics = IntStream.range(0, 6).mapToObj(nic -> NIC + nic).toArray(String[]::new);
        Map<String, Object> properties = Map.of(
                "iommu.idr1.PRIQS",
                "1",
                "endpoints",
                IntStream.range(0, nics.length)
                        .mapToObj(nic -> nics[nic] + ";sid=" + (0x40 + nic) + ";pasids=8;ats=64;pri=true;pri-pages=2")
                        .toArray(String[]::new));
        try (Machine machine = Machine.powerOn("pri-lost", properties)) {
            Process process = start("pri-lost");
            List<Dma> ports = new ArrayList<>();
            int pasid = 0;
            for (String nic : nics) {
                machine.device(nic).initSva(SvaParameters.any().with(SvaFeature.IO_PAGE_FAULTS));
                pasid = machine.iommu()
                        .bind(machine.device(nic), process.number())
                        .pasid();
                ports.add(machine.endpoint(nic).dma());
            }
            int rounds = 0;
            while (rounds < 16 || counter("pri-lost-smmu", "priq.discarded") == 0) {
                assertThat(rounds).as("rounds without an overflow").isLessThan(1 << 10);
                touch(process, ports, pasid, BASE + rounds * ports.size() * 4 * PAGE);
                rounds++;
            }
            process.exit();
        }
    }

    /** Every device writes to four pages of its own, at the same time as the others. */
    private static void touch(Process process, List<Dma> ports, int pasid, long base) {
        int pages = 4 * ports.size();
        process.mmap(base, pages * PAGE, RW);
        List<CompletableFuture<Integer>> outcomes = IntStream.range(0, pages)
                .mapToObj(page -> CompletableFuture.supplyAsync(
                        () -> ports.get(page / 4).write(pasid, base + page * PAGE, TEXT, 0, TEXT.length, 0),
                        OWN_THREAD))
                .toList();
        outcomes.forEach(outcome -> assertThat(outcome.join()).isEqualTo(Dma.OK));
        for (int page = 0; page < pages; page++) {
            assertThat(of(process, base + page * PAGE)).isEqualTo(TEXT);
        }
    }

    @Test
    void freeOfAPasidAnswersTheDeviceAndWaitsForTheHandler() throws Exception {
        CountDownLatch began = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        try (Machine machine = machine("pri-free", "", Map.of());
                Domain domain = machine.domain(NIC)) {
            machine.device(NIC).initSva(SvaParameters.any());
            IoMm own = domain.allocPasid(machine.device(NIC));
            own.onPageFault(fault -> {
                began.countDown();
                awaitQuietly(leave);
                return FaultResponse.RETRY;
            });
            CompletableFuture<Integer> access = CompletableFuture.supplyAsync(
                    () -> machine.endpoint(NIC).dma().read(own.pasid(), 0x10_0000, new byte[4], 0, 4, 0), OWN_THREAD);
            began.await();
            CompletableFuture<Void> free = CompletableFuture.runAsync(() -> domain.freePasid(own), OWN_THREAD);
            assertThat(access.join()).as("answered before its handler returns").isEqualTo(Dma.ABORT);
            assertThat(free.isDone()).isFalse();
            leave.countDown();
            free.join();
        } finally {
            leave.countDown();
        }
    }

    @Test
    void ownerOfAPrivateSpaceMapsWhatTheDeviceAsksFor() throws Exception {
        try (Machine machine = machine("pri-private", "", Map.of());
                Domain domain = machine.domain(NIC)) {
            machine.device(NIC).initSva(SvaParameters.any());
            IoMm own = domain.allocPasid(machine.device(NIC));
            own.onPageFault(fault -> {
                own.map(fault.iova() & -PAGE, Machine.RAM + 0x3000, PAGE, RW | Prot.CACHE);
                return FaultResponse.RETRY;
            });
            machine.memory().write(Machine.RAM + 0x3000, TEXT, 0, TEXT.length);
            byte[] seen = new byte[TEXT.length];
            Dma dma = machine.endpoint(NIC).dma();
            assertThat(dma.read(own.pasid(), 0x10_0000, seen, 0, seen.length, 0))
                    .isEqualTo(Dma.OK);
            assertThat(seen).isEqualTo(TEXT);
            own.onPageFault(null);
            assertThat(dma.read(own.pasid(), 0x20_0000, seen, 0, 4, 0))
                    .as("nobody repairs it")
                    .isEqualTo(Dma.ABORT);
            domain.freePasid(own);
            assertThat(dma.read(own.pasid(), 0x10_0000, seen, 0, 4, 0)).isEqualTo(Dma.ABORT);
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }
}
