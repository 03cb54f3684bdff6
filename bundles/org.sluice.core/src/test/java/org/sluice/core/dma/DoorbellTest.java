package org.sluice.core.dma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sluice.api.Domain;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.core.TestMachine;

/** Doorbells of message-signalled interrupts, as Linux's MSI pages and cookies have them (linux-iommu.md section 1.3). */
@Timeout(120)
class DoorbellTest {
    private static final long DOORBELL = 0x809_0040L;
    private static final long WINDOW = 0x800_0000L;

    private final TestMachine machine = TestMachine.withRealTables(it -> {});

    @AfterEach
    void stop() {
        machine.close();
    }

    private Domain attach(DomainType type) {
        Domain domain = machine.domain(type);
        domain.attach(machine.device("nic"));
        return domain;
    }

    private long reach(long iova) {
        return machine.hardware.dma(TestMachine.NIC, -1, iova);
    }

    private static Errno refusal(ThrowingCallable action) {
        return catchThrowableOfType(IommuException.class, action).errno();
    }

    @ParameterizedTest
    @EnumSource(
            value = DomainType.class,
            names = {"DMA", "DMA_FQ"})
    void thePlatformMapsADoorbellOnceAndTheDeviceReachesIt(DomainType type) {
        Domain domain = attach(type);
        long iova = domain.doorbell(DOORBELL);
        assertThat(reach(iova)).isEqualTo(DOORBELL);
        assertThat(domain.doorbell(DOORBELL + 4)).as("the same page").isEqualTo(iova + 4);
        assertThat(reach(domain.doorbell(DOORBELL + 0x1000))).isEqualTo(DOORBELL + 0x1000);
    }

    @Test
    void aClientThatChoosesIovasGivesAWindow() {
        Domain domain = attach(DomainType.UNMANAGED);
        assertThat(refusal(() -> domain.doorbell(DOORBELL))).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> domain.setDoorbellWindow(WINDOW + 4))).isEqualTo(Errno.EINVAL);
        domain.setDoorbellWindow(WINDOW);
        assertThat(refusal(() -> domain.setDoorbellWindow(WINDOW))).isEqualTo(Errno.EEXIST);
        assertThat(domain.doorbell(DOORBELL)).isEqualTo(WINDOW + 0x40);
        assertThat(domain.doorbell(DOORBELL + 0x5000)).isEqualTo(WINDOW + 0x1040);
        assertThat(reach(WINDOW + 0x40)).isEqualTo(DOORBELL);
    }

    @Test
    void whatStandsInTheWayOfAWindowIsReportedAndTheDoorbellIsTriedThereAgain() {
        Domain domain = attach(DomainType.UNMANAGED);
        domain.setDoorbellWindow(WINDOW);
        domain.space().map(WINDOW, 0x9_0000_0000L, 0x1000, org.sluice.api.Prot.READ);
        assertThat(refusal(() -> domain.doorbell(DOORBELL))).isEqualTo(Errno.EEXIST);
        domain.space().unmap(WINDOW, 0x1000);
        assertThat(domain.doorbell(DOORBELL)).isEqualTo(WINDOW + 0x40);
    }

    @Test
    void otherDomainsPassOrRefuse() {
        assertThat(attach(DomainType.IDENTITY).doorbell(DOORBELL)).isEqualTo(DOORBELL);
        Domain blocked = attach(DomainType.BLOCKED);
        assertThat(refusal(() -> blocked.doorbell(DOORBELL))).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> blocked.setDoorbellWindow(WINDOW))).isEqualTo(Errno.EINVAL);
        Domain dma = attach(DomainType.DMA);
        assertThat(refusal(() -> dma.setDoorbellWindow(WINDOW))).isEqualTo(Errno.EINVAL);
    }

    @Test
    void manyThreadsThatAskForTheSameDoorbellsGetTheSameAnswers() {
        Domain domain = attach(DomainType.DMA);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<CompletableFuture<List<Long>>> answers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                answers.add(CompletableFuture.supplyAsync(
                        () -> {
                            List<Long> iovas = new ArrayList<>();
                            for (int page = 0; page < 16; page++) {
                                iovas.add(domain.doorbell(DOORBELL + page * 0x1000L));
                            }
                            return iovas;
                        },
                        threads));
            }
            List<Long> first = answers.get(0).join();
            assertThat(answers).allSatisfy(answer -> assertThat(answer.join()).isEqualTo(first));
            assertThat(new HashSet<>(first)).hasSize(16);
        } finally {
            threads.shutdownNow();
        }
    }
}
