package org.sluice.core.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sluice.api.AddressSpace;
import org.sluice.api.Capability;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.FaultEvent;
import org.sluice.api.FaultResponse;
import org.sluice.api.IoMm;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.ProviderMissingException;
import org.sluice.api.SpaceState;
import org.sluice.api.SvaParameters;
import org.sluice.core.TestMachine;
import org.sluice.core.fake.FakeDriver;
import org.sluice.core.fake.FakeFormat;
import org.sluice.spi.driver.PageResponse;
import org.sluice.spi.driver.UnitRecord;
import org.sluice.spi.pgtable.PageTableConfig;

/** One domain with devices behind several IOMMUs of a board: {@code nic} behind smmu0, {@code far} behind smmu1. */
class SeveralUnitsTest {
    private static final int RW = TestMachine.RW;
    private static final int NIC = TestMachine.NIC;
    private static final int FAR = TestMachine.FAR;
    private static final int ELSE = 0x70;

    private TestMachine machine = TestMachine.full();

    @AfterEach
    void nothingIsLost() {
        machine.close();
        assertThat(machine.board.allocator().allocatedBytes()).isZero();
        assertThat(machine.hardware.tags.isEmpty()).isTrue();
    }

    private IommuDevice far() {
        return machine.device("far");
    }

    /** A domain that both devices are attached to, with a page mapped that both have cached. */
    private Domain shared() {
        Domain domain = machine.attached("nic", "far");
        domain.space().map(0x1000, 0x8000, 0x1000, RW);
        assertThat(reach(0x1000)).containsExactly(0x8000L, 0x8000L);
        machine.journal.clear();
        return domain;
    }

    /** What both devices hit. */
    private List<Long> reach(long iova) {
        return List.of(machine.hardware.dma(NIC, -1, iova), machine.hardware.dma(FAR, -1, iova));
    }

    private int tagOf(int stream) {
        return machine.hardware.untagged.get(stream).tag();
    }

    private static IommuException refusal(Runnable call) {
        return catchThrowableOfType(IommuException.class, call::run);
    }

    /** What a bundle that comes sets off. */
    private void sweep() {
        Unit.of(far()).withLock(() -> {
            Unit.of(far()).site().sweep();
            return null;
        });
    }

    @Test
    void bothWalkOneTableWithATagOfTheirOwn() {
        Domain domain = shared();
        assertThat(tagOf(NIC)).isNotEqualTo(tagOf(FAR));
        assertThat(machine.hardware.untagged.get(NIC).root())
                .isEqualTo(machine.hardware.untagged.get(FAR).root());
        assertThat(domain.devices()).containsExactly(machine.device("nic"), far());
        assertThat(machine.counter("spaces")).isEqualTo(1);
        long tables = machine.counter("tables.live");
        domain.detach(far());
        assertThat(machine.counter("tables.live")).isEqualTo(tables);
    }

    @Test
    void anyIommuThatCanIsAskedToTranslate() {
        Domain domain = shared();
        AddressSpace space = domain.space();
        assertThat(space.hardwareWalk(0x1000)).as("neither can").isEmpty();
        machine.driver.hardwareWalks.put("smmu1", 0x70L);
        assertThat(space.hardwareWalk(0x1000)).hasValue(0x1070);
        machine.driver.hardwareWalks.put("smmu0", 0x40L);
        assertThat(space.hardwareWalk(0x1000)).as("the first of two").hasValue(0x1040);
        assertThat(space.hardwareWalk(space.lastIova() + 1)).as("outside").hasValue(0);
        assertThat(space.iovaToPhys(0x1000)).as("is no question for hardware").isEqualTo(0x8000);
        domain.detach(far());
        machine.driver.hardwareWalks.remove("smmu0");
        assertThat(space.hardwareWalk(0x1000)).as("smmu1 has left").isEmpty();
    }

    @Test
    void unmapReachesBothBeforeItReturns() {
        Domain domain = shared();
        assertThat(domain.space().unmap(0x1000, 0x1000)).isEqualTo(0x1000);
        assertThat(reach(0x1000)).containsExactly(0L, 0L);
        String nic = "tag" + tagOf(NIC);
        String far = "tag" + tagOf(FAR);
        assertThat(machine.journal.of("invalidate", "sync"))
                .as("each has its command before one of them is waited for")
                .containsExactly(
                        "invalidate " + nic + " 1000+1000 by 1000",
                        "invalidate " + far + " 1000+1000 by 1000",
                        "sync " + nic,
                        "sync " + far);
    }

    @Test
    void flushAndRangesWithoutSyncReachBoth() {
        AddressSpace space = shared().space();
        space.tlbRangeAdd(0x1000, 0x1000);
        space.tlbSync();
        assertThat(machine.journal.of("invalidate")).hasSize(2);
        assertThat(machine.journal.of("sync")).hasSize(2);
        assertThat(reach(0x1000)).containsExactly(0x8000L, 0x8000L);
        assertThat(space.unmapFast(0x1000, 0x1000)).isEqualTo(0x1000);
        space.flushTlbAll();
        assertThat(machine.journal.of("invalidateAll")).hasSize(2);
        assertThat(reach(0x1000)).containsExactly(0L, 0L);
    }

    @Test
    void aDeviceThatLeavesTakesItsIommuAlongAndLeavesTheOtherAlone() {
        Domain domain = shared();
        int tag = tagOf(FAR);
        domain.detach(far());
        assertThat(machine.journal.of("attach", "freeContext"))
                .containsExactly("attach far BLOCKED", "freeContext tag" + tag);
        assertThat(reach(0x1000)).containsExactly(0x8000L, 0L);
        machine.journal.clear();
        domain.space().unmap(0x1000, 0x1000);
        assertThat(machine.journal.of("sync")).containsExactly("sync tag" + tagOf(NIC));
        assertThat(reach(0x1000)).containsExactly(0L, 0L);
    }

    @Test
    void theIommuWhereItWasMadeStaysWithoutDevices() {
        Domain domain = shared();
        domain.detach(machine.device("nic"));
        assertThat(domain.space().state()).isEqualTo(SpaceState.ATTACHED);
        assertThat(reach(0x1000)).containsExactly(0L, 0x8000L);
        domain.attach(machine.device("nic"));
        assertThat(reach(0x1000)).containsExactly(0x8000L, 0x8000L);
        domain.close();
        assertThat(reach(0x1000)).containsExactly(0L, 0L);
        assertThat(machine.counter("tables.live")).isZero();
    }

    @Test
    void tablesGoOnlyWhenBothHaveFreedTheirTag() {
        Domain domain = shared();
        int tag = tagOf(FAR);
        machine.driver.refuseFreeOf = "smmu1";
        assertThat(refusal(domain::close).errno()).isEqualTo(Errno.EBUSY);
        assertThat(machine.counter("quarantine.spaces")).isEqualTo(1);
        assertThat(machine.counter("tables.live")).isPositive();
        assertThat(machine.journal.of("freeContext", "free page")).isEmpty();
        machine.driver.refuseFreeOf = "";
        sweep();
        assertThat(machine.journal.of("freeContext", "free page"))
                .containsSubsequence("freeContext tag" + tag, "freeContext tag1", "free page");
        assertThat(machine.counter("quarantine.spaces")).isZero();
    }

    @Test
    void tagThatCannotBeFreedIsUsedAgainAfterEverythingOfItWasForgotten() {
        Domain domain = shared();
        int tag = tagOf(FAR);
        machine.driver.refuseFreeOf = "smmu1";
        domain.detach(far());
        assertThat(machine.hardware.cached(tag)).as("still in the TLB").isEqualTo(1);
        domain.space().unmap(0x1000, 0x1000);
        domain.attach(far());
        assertThat(tagOf(FAR)).isEqualTo(tag);
        assertThat(reach(0x1000)).containsExactly(0L, 0L);
        domain.detach(far());
        machine.driver.refuseFreeOf = "";
        sweep();
        assertThat(machine.journal.of("freeContext")).containsExactly("freeContext tag" + tag);
    }

    @Test
    void oneThatDoesNotAnswerKeepsTheOtherFromNothing() {
        Domain domain = shared();
        machine.driver.failSyncOf = "smmu0";
        assertThat(refusal(() -> domain.space().unmap(0x1000, 0x1000)).errno()).isEqualTo(Errno.ETIMEDOUT);
        assertThat(machine.hardware.dma(FAR, -1, 0x1000)).isZero();
        assertThat(machine.journal.of("sync")).containsExactly("sync tag" + tagOf(FAR));
        machine.driver.failSyncOf = "";
        domain.space().tlbSync();
        assertThat(reach(0x1000)).containsExactly(0L, 0L);
    }

    @Test
    void bothDriversAreExchangedWhileDmaGoesOn() {
        Domain domain = shared();
        int tag = tagOf(FAR);
        machine.removeDriver();
        assertThat(reach(0x1000)).containsExactly(0x8000L, 0x8000L);
        machine.addDriver("2.0.0");
        machine.settle();
        for (String unit : List.of("smmu0", "smmu1")) {
            UnitRecord record = machine.driver.handedOver.get(unit);
            assertThat(record.devices().stream()
                            .filter(device -> List.of("nic", "far")
                                    .contains(device.device().name()))
                            .map(device -> device.context().tag()))
                    .containsExactly(unit.equals("smmu0") ? 1 : tag);
        }
        assertThat(domain.space().unmap(0x1000, 0x1000)).isEqualTo(0x1000);
        assertThat(reach(0x1000)).containsExactly(0L, 0L);
    }

    @Test
    void operationInFlightKeepsAnIommuFromJoiningUntilItLeft() throws InterruptedException {
        machine.setTimes(5000, 20);
        Domain domain = machine.attached("nic");
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        machine.format.duringMap = () -> {
            inside.countDown();
            awaitQuietly(leave);
        };
        Thread mapping = new Thread(() -> domain.space().map(0x1000, 0x8000, 0x1000, RW));
        mapping.start();
        try {
            awaitQuietly(inside);
            IommuException error = refusal(() -> domain.attach(far()));
            assertThat(error.errno()).isEqualTo(Errno.ETIMEDOUT);
            assertThat(error).hasMessageContaining("within 20 ms, smmu1 cannot join it yet");
            assertThat(far().domain()).contains(far().group().defaultDomain());
        } finally {
            leave.countDown();
            mapping.join();
        }
        machine.setTimes(5000, 2000);
        domain.attach(far());
        assertThat(reach(0x1000)).containsExactly(0x8000L, 0x8000L);
    }

    /** A machine with a third IOMMU, of another kind and with a driver of its own, where nobody waits for a driver. */
    private long withOtherKind() {
        machine.close();
        machine = TestMachine.off(DefaultPolicy.BLOCKED);
        machine.board.iommu("smmu2", "fake,other").endpoint("else", "", "smmu2", ELSE, 20, -1);
        machine.setTimes(0, 2000);
        machine.start(true);
        return otherDriver("1.0.0");
    }

    private long otherDriver(String version) {
        long service = machine.addDriver(new FakeDriver(machine.hardware), "fake,other", version);
        machine.settle();
        return service;
    }

    @Test
    void theDriverOfOneLeavesAndTheSpaceWaitsForIt() {
        long service = withOtherKind();
        Domain domain = machine.attached("nic", "else");
        domain.space().map(0x1000, 0x8000, 0x1000, RW);
        assertThat(machine.hardware.dma(ELSE, -1, 0x1000)).isEqualTo(0x8000);
        machine.removeDriver(service);
        assertThat(machine.hardware.dma(ELSE, -1, 0x1000)).as("DMA goes on").isEqualTo(0x8000);
        assertThatThrownBy(() -> domain.space().map(0x2000, 0x9000, 0x1000, RW))
                .isInstanceOf(ProviderMissingException.class)
                .hasMessageContaining("driver fake,other");
        assertThat(domain.space().unmap(0x1000, 0x1000))
                .as("nobody could tell smmu2")
                .isZero();
        assertThatThrownBy(domain::close).isInstanceOf(ProviderMissingException.class);
        assertThatThrownBy(() -> domain.detach(machine.device("else"))).isInstanceOf(ProviderMissingException.class);
        assertThatThrownBy(() -> domain.attach(machine.device("far"))).isInstanceOf(ProviderMissingException.class);
        domain.detach(machine.device("nic"));
        otherDriver("2.0.0");
        domain.space().map(0x2000, 0x9000, 0x1000, RW);
        assertThat(machine.hardware.dma(ELSE, -1, 0x2000)).isEqualTo(0x9000);
        assertThat(domain.space().unmap(0x1000, 0x1000)).isEqualTo(0x1000);
        assertThat(machine.hardware.dma(ELSE, -1, 0x1000)).isZero();
    }

    @Test
    void theDriverWhereItWasMadeLeavesAndDevicesOfTheOtherAreDetachedAllTheSame() {
        withOtherKind();
        Domain domain = machine.attached("nic", "else");
        domain.space().map(0x1000, 0x8000, 0x1000, RW);
        machine.removeDriver();
        assertThatThrownBy(() -> domain.space().map(0x2000, 0x9000, 0x1000, RW))
                .isInstanceOf(ProviderMissingException.class)
                .hasMessageContaining("driver fake,iommu");
        domain.detach(machine.device("else"));
        assertThat(machine.hardware.dma(ELSE, -1, 0x1000)).isZero();
        assertThat(machine.hardware.dma(NIC, -1, 0x1000)).isEqualTo(0x8000);
        machine.addDriver("2.0.0");
        machine.settle();
        assertThat(domain.space().unmap(0x1000, 0x1000)).isEqualTo(0x1000);
        assertThat(machine.hardware.dma(NIC, -1, 0x1000)).isZero();
    }

    @Test
    void domainByPasidIsReachedThroughBoth() {
        Domain domain = machine.domain();
        domain.attachPasid(machine.device("nic"), 5);
        domain.attachPasid(far(), 5);
        domain.space().map(0x1000, 0x8000, 0x1000, RW);
        assertThat(machine.hardware.dma(NIC, 5, 0x1000)).isEqualTo(0x8000);
        assertThat(machine.hardware.dma(FAR, 5, 0x1000)).isEqualTo(0x8000);
        Domain next = machine.domain();
        next.replacePasid(far(), 5);
        assertThat(machine.hardware.dma(FAR, 5, 0x1000)).isZero();
        domain.attachPasid(far(), 6);
        domain.space().unmap(0x1000, 0x1000);
        assertThat(machine.hardware.dma(FAR, 6, 0x1000)).isZero();
        domain.detachPasid(far(), 6);
        next.detachPasid(far(), 5);
        assertThat(machine.hardware.tags.cardinality()).as("tags of smmu0").isEqualTo(2);
    }

    @Test
    void privateSpaceIsOnTheIommuOfItsDevice() {
        Domain domain = shared();
        far().initSva(SvaParameters.any());
        machine.device("nic").initSva(SvaParameters.any());
        IoMm own = domain.allocPasid(far());
        own.map(0x5000, 0xa000, 0x1000, RW);
        assertThat(machine.hardware.dma(FAR, own.pasid(), 0x5000)).isEqualTo(0xa000);
        assertThat(refusal(() -> own.bond(machine.device("nic"))))
                .hasMessageContaining("EINVAL: device nic is not behind smmu1");
        assertThat(domain.ioMms()).containsExactly(own);
        domain.detach(far());
        assertThat(own.state()).isEqualTo(SpaceState.REVOKED);
        domain.freePasid(own);
        assertThat(own.state()).isEqualTo(SpaceState.FREED);
        assertThat(reach(0x1000)).containsExactly(0x8000L, 0L);
    }

    @Test
    void anIommuWhoseTablesWouldBeOthersIsRefusedWithBothNames() {
        Domain domain = machine.attached("nic");
        machine.driver.tableOf.put("smmu1", new PageTableConfig(FakeFormat.NAME, FakeDriver.SIZES, 39, 44, true, 0));
        IommuException error = refusal(() -> domain.attach(far()));
        assertThat(error.errno()).isEqualTo(Errno.EINVAL);
        assertThat(error)
                .hasMessageContaining("domain 1 of smmu0")
                .hasMessageContaining("smmu1")
                .hasMessageContaining("outputBits=48")
                .hasMessageContaining("outputBits=44");
        assertThat(machine.hardware.tags.cardinality()).isEqualTo(1);
        machine.driver.tableOf.put("smmu1", new PageTableConfig(FakeFormat.NAME, 0x40200000L, 39, 48, true, 0));
        assertThat(refusal(() -> domain.attach(far()))).hasMessageContaining("cannot be reached through smmu1");
        machine.driver.tableOf.put("smmu1", new PageTableConfig(FakeFormat.NAME, FakeDriver.SIZES, 39, 48, false, 0));
        assertThat(refusal(() -> domain.attachPasid(far(), 1))).hasMessageContaining("coherentWalk=false");
        machine.driver.tableOf.clear();
        domain.attach(far());
        assertThat(far().domain()).contains(domain);
    }

    @Test
    void whatAnIommuCannotDoIsRefusedWhereTheDomainNeedsIt() {
        machine.driver.capabilities = Set.of(Capability.DEFERRED_FLUSH, Capability.DIRTY_TRACKING);
        machine.driver.plainOf = "smmu1";
        Domain lazy = machine.domain(DomainType.DMA_FQ);
        assertThat(refusal(() -> lazy.attach(far()))).hasMessageContaining("smmu1 cannot defer invalidations");
        Domain dirty = machine.platform.allocDomain(
                machine.device("nic"), DomainRequest.of(DomainType.UNMANAGED).withDirtyTracking());
        assertThat(refusal(() -> dirty.attach(far())))
                .hasMessageContaining("it tracks dirty pages, smmu1 does not")
                .extracting(IommuException::errno)
                .isEqualTo(Errno.EINVAL);
        machine.domain(DomainType.DMA).attach(far());
    }

    @Test
    void domainsThatBelongToOneIommuStayThere() {
        Domain home = machine.device("nic").group().defaultDomain();
        assertThat(refusal(() -> home.attach(far())))
                .hasMessageContaining("default domain of group")
                .hasMessageContaining("cannot be reached through smmu1");
        Domain parent = machine.platform.allocDomain(
                machine.device("nic"), DomainRequest.of(DomainType.UNMANAGED).withStage(2));
        Domain nested = machine.platform.allocDomain(machine.device("nic"), DomainRequest.nested(parent, 0x8000_0001L));
        assertThat(refusal(() -> nested.attach(far()))).hasMessageContaining("it is of type NESTED");
        machine.driver.exchangesRoots = true;
        Domain growing = machine.domain();
        assertThat(refusal(() -> growing.attach(far()))).hasMessageContaining("grows at the top");
        assertThat(far().domain()).contains(far().group().defaultDomain());
    }

    @Test
    void blockedAndIdentityNeedNoTable() {
        Domain identity = machine.domain(DomainType.IDENTITY);
        identity.attach(far());
        assertThat(machine.hardware.dma(FAR, -1, 0x1234)).isEqualTo(0x1234);
        machine.domain(DomainType.BLOCKED).attach(far());
        assertThat(machine.hardware.dma(FAR, -1, 0x1234)).isZero();
        assertThat(machine.hardware.tags.isEmpty()).isTrue();
    }

    @Test
    void closeWaitsForAHandlerThatWorksForADeviceOfTheOther() throws InterruptedException {
        Domain domain = machine.attached("nic", "far");
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        domain.onPageFault(fault -> {
            inside.countDown();
            awaitQuietly(leave);
            return FaultResponse.ABORT;
        });
        var request = Requests.stall(FAR, FaultEvent.NO_PASID, 0x5000);
        assertThat(Unit.of(far()).host().pageRequest(request)).isTrue();
        awaitQuietly(inside);
        Thread closing = new Thread(domain::close);
        closing.start();
        assertThat(machine.driver.responses.to(request)).isEqualTo(PageResponse.SUCCESS);
        while (machine.counter("quarantine.spaces") == 0 && closing.isAlive()) {
            Thread.onSpinWait();
        }
        assertThat(machine.counter("tables.live")).as("the handler may use it").isPositive();
        leave.countDown();
        closing.join(TimeUnit.SECONDS.toMillis(60));
        assertThat(closing.isAlive()).isFalse();
        assertThat(machine.counter("tables.live")).isZero();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    @Test
    void boardThatGoesTakesSharedDomainsAlong() {
        Domain domain = shared();
        domain.attachPasid(far(), 4);
        far().initSva(SvaParameters.any());
        IoMm own = domain.allocPasid(far());
        machine.removeBoard();
        assertThat(domain.space().state()).isEqualTo(SpaceState.FREED);
        assertThat(own.state()).isEqualTo(SpaceState.FREED);
    }

    @Test
    void spaceIsRevokedWhenTheBoardGoesWhileOneIsNotDriven() {
        long service = withOtherKind();
        Domain domain = machine.attached("nic", "else");
        machine.removeDriver(service);
        machine.removeBoard();
        assertThat(domain.space().state()).isEqualTo(SpaceState.REVOKED);
        // smmu2 may still walk the tables; so they and both tags stay.
        assertThat(machine.board.allocator().allocatedBytes()).isPositive();
        assertThat(machine.hardware.tags.cardinality()).isEqualTo(2);
        machine.close();
        machine = TestMachine.full();
    }
}
