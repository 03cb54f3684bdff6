package org.sluice.core.unit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.sluice.api.Errno.EBUSY;
import static org.sluice.api.Errno.EEXIST;
import static org.sluice.api.Errno.EINVAL;
import static org.sluice.api.Errno.EIO;
import static org.sluice.api.Errno.ENOSPC;
import static org.sluice.api.Errno.EOPNOTSUPP;
import static org.sluice.api.Errno.ERANGE;
import static org.sluice.api.ReservedRegion.Type.DIRECT;
import static org.sluice.api.ReservedRegion.Type.RESERVED;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.api.Capability;
import org.sluice.api.DirtyBitmap;
import org.sluice.api.DmaDirection;
import org.sluice.api.DmaLimits;
import org.sluice.api.Domain;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IommuDevice;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.api.ReservedRegion;
import org.sluice.core.TestMachine;
import org.sluice.spi.board.DmaProperties;
import org.sluice.spi.pgtable.PageTableConfig;

/**
 * Rules that iommufd's self-tests check on domains and devices, as far as they mean something here: a row is what is prepared,
 * the call that is refused and with what. After each, everything is as it was before the call. Those on maps are in
 * {@code MapRulesTest}, failing allocations in {@code FailureWalkTest}.
 */
class AttachRulesTest {
    private static final long IOVA = 0x100_0000;
    private static final long PADDR = 0x8_0000_0000L;
    private static final int PASID = 9;
    private static final long TOP_PAGE = 0x7f_ffff_f000L;

    private final TestMachine machine = TestMachine.withRealTables(it -> {
        it.driver.capabilities = Set.of(Capability.DIRTY_TRACKING, Capability.DEFERRED_FLUSH);
        it.driver.plainOf = "smmu1";
        it.board.dma("disk", reserved(new ReservedRegion(TOP_PAGE, 0x1000, 0, RESERVED)));
        it.board.dma("gpu", reserved(new ReservedRegion(TOP_PAGE, 0x1000, Prot.READ, DIRECT)));
        it.board.dma("old", reserved(new ReservedRegion(0x6000, -0x6000L, 0, RESERVED)));
    });
    private Domain live;

    /** A rule: its name, what the refused call gives, and what prepares that call. */
    private record Row(String rule, Errno errno, Function<AttachRulesTest, Runnable> prepare) {
        @Override
        public String toString() {
            return rule + ": " + errno;
        }
    }

    private static DmaProperties reserved(ReservedRegion region) {
        return new DmaProperties(true, false, DmaLimits.NONE, List.of(region));
    }

    @BeforeEach
    void attach() {
        live = machine.attached("nic");
        live.space().map(IOVA, PADDR, 0x4000, TestMachine.RW);
    }

    @AfterEach
    void nothingIsLost() {
        machine.close();
        assertThat(machine.board.allocator().allocatedBytes()).isZero();
        assertThat(machine.hardware.tags.isEmpty()).isTrue();
    }

    private IommuDevice nic() {
        return machine.device("nic");
    }

    private IommuDevice far() {
        return machine.device("far");
    }

    /** The other IOMMU walks pages of 2 MiB at least. */
    private void coarse() {
        PageTableConfig there = new PageTableConfig("ARM_64_LPAE_S1", 0x4020_0000L, 39, 48, true, 0);
        machine.driver.tableOf.put("smmu1", there);
    }

    private Domain dmaWithTheTopPageTaken(DomainType type) {
        Domain domain = machine.domain(type);
        domain.attach(nic());
        assertThat(nic().dma().map(PADDR, 0x1000, DmaDirection.TO_DEVICE)).isEqualTo(TOP_PAGE);
        return domain;
    }

    private Domain alloc(DomainRequest request) {
        return machine.platform.allocDomain(nic(), request);
    }

    private Domain tracking() {
        return alloc(DomainRequest.of(DomainType.UNMANAGED).withDirtyTracking());
    }

    private Domain parent() {
        return alloc(DomainRequest.of(DomainType.UNMANAGED).withStage(2));
    }

    private static Runnable readDirty(Domain domain) {
        return () -> domain.space().readDirty(IOVA, 0x1000, true, new DirtyBitmap(IOVA, 0x1000, 0x1000));
    }

    static Stream<Row> rows() {
        return Stream.of(
                // Alignment that changes below live mappings.
                new Row("coarser pages join a domain with maps", EINVAL, test -> {
                    test.coarse();
                    return () -> test.live.attach(test.far());
                }),
                new Row("coarser pages join it by PASID", EINVAL, test -> {
                    test.coarse();
                    return () -> test.live.attachPasid(test.far(), PASID);
                }),
                new Row(
                        "map of less than a page",
                        EINVAL,
                        test -> () -> test.live.space().map(IOVA * 2, PADDR, 0x800, TestMachine.RW)),
                new Row(
                        "page sizes that the hardware has not",
                        EINVAL,
                        test -> () -> test.alloc(
                                DomainRequest.of(DomainType.UNMANAGED).withPageSizes(0x1_0000))),
                new Row(
                        "page sizes whose smallest is no granule",
                        EINVAL,
                        test -> () -> test.alloc(
                                DomainRequest.of(DomainType.UNMANAGED).withPageSizes(0x20_0000))),
                // Reserved regions and room.
                new Row("reserved region of a device over a map", EBUSY, test -> {
                    Domain dma = test.dmaWithTheTopPageTaken(DomainType.DMA);
                    return () -> dma.attach(test.machine.device("disk"));
                }),
                new Row("direct region of a device over another map", EBUSY, test -> {
                    Domain dma = test.dmaWithTheTopPageTaken(DomainType.DMA_FQ);
                    return () -> dma.attach(test.machine.device("gpu"));
                }),
                new Row("no room but what a region of nearly everything leaves", ENOSPC, test -> {
                    IommuDevice old = test.machine.device("old");
                    test.machine.domain(DomainType.DMA).attach(old);
                    assertThat(old.dma().map(PADDR, 0x1000, DmaDirection.TO_DEVICE))
                            .isEqualTo(0x5000);
                    return () -> old.dma().map(PADDR, 0x5000, DmaDirection.TO_DEVICE);
                }),
                new Row(
                        "map beyond the aperture",
                        ERANGE,
                        test -> () ->
                                test.live.space().map(test.live.space().lastIova() + 1, PADDR, 0x1000, TestMachine.RW)),
                new Row(
                        "map across its end",
                        ERANGE,
                        test -> () -> test.live
                                .space()
                                .map(test.live.space().lastIova() - 0xfff, PADDR, 0x2000, TestMachine.RW)),
                new Row("second window for doorbells", EEXIST, test -> {
                    test.live.setDoorbellWindow(0x800_0000);
                    return () -> test.live.setDoorbellWindow(0x900_0000);
                }),
                // Objects in use.
                new Row("close of a parent that has a child", EBUSY, test -> {
                    Domain parent = test.parent();
                    test.alloc(DomainRequest.nested(parent, 0x8000_0001L));
                    return parent::close;
                }),
                new Row(
                        "child of a domain that is no parent",
                        EINVAL,
                        test -> () -> test.alloc(DomainRequest.nested(test.live, 0x8000_0001L))),
                new Row("child with an entry that the hardware cannot take", EIO, test -> {
                    Domain parent = test.parent();
                    return () -> test.alloc(DomainRequest.nested(parent, 0));
                }),
                new Row("map of a child", EINVAL, test -> {
                    Domain child = test.alloc(DomainRequest.nested(test.parent(), 0x8000_0001L));
                    return () -> child.space().map(IOVA, PADDR, 0x1000, TestMachine.RW);
                }),
                new Row("space of what blocks", EINVAL, test -> test.machine.domain(DomainType.BLOCKED)::space),
                new Row("space of identity", EINVAL, test -> test.machine.domain(DomainType.IDENTITY)::space),
                // Dirty tracking, which every device of a domain made for it must be able to do.
                new Row(
                        "tracking where hardware cannot",
                        EOPNOTSUPP,
                        test -> () -> test.machine.platform.allocDomain(
                                test.far(),
                                DomainRequest.of(DomainType.UNMANAGED).withDirtyTracking())),
                new Row("device that cannot joins a tracking domain", EINVAL, test -> {
                    Domain domain = test.tracking();
                    return () -> domain.attach(test.far());
                }),
                new Row(
                        "tracking of a domain without maps of its own",
                        EINVAL,
                        test -> () -> DomainRequest.of(DomainType.IDENTITY).withDirtyTracking()),
                new Row(
                        "tracking of a domain that was not made for it",
                        EOPNOTSUPP,
                        test -> () -> test.live.space().setDirtyTracking(true)),
                new Row("read of such a domain", EOPNOTSUPP, test -> readDirty(test.live)),
                new Row("read while it is off", EINVAL, test -> readDirty(test.tracking())),
                // PASIDs.
                new Row("PASID 0", EINVAL, test -> () -> test.live.attachPasid(test.nic(), 0)),
                new Row("PASID beyond what both carry", EINVAL, test -> () -> test.live.attachPasid(test.nic(), 256)),
                new Row("blocked by PASID", EINVAL, test -> byPasid(test, DomainType.BLOCKED)),
                new Row("identity by PASID", EINVAL, test -> byPasid(test, DomainType.IDENTITY)),
                new Row(
                        "device that shares its group, by PASID",
                        EINVAL,
                        test -> () -> test.live.attachPasid(test.machine.device("left"), PASID)),
                new Row(
                        "device without PASIDs",
                        EINVAL,
                        test -> () -> test.live.attachPasid(test.machine.device("old"), PASID)),
                new Row("PASID in use", EBUSY, test -> {
                    test.live.attachPasid(test.nic(), PASID);
                    Domain other = test.machine.domain();
                    return () -> other.attachPasid(test.nic(), PASID);
                }),
                new Row(
                        "replace of a PASID not in use",
                        EINVAL,
                        test -> () -> test.live.replacePasid(test.nic(), PASID)),
                new Row("replace by the same domain", EINVAL, test -> {
                    test.live.attachPasid(test.nic(), PASID);
                    return () -> test.live.replacePasid(test.nic(), PASID);
                }),
                new Row("replace by what cannot be attached by PASID", EINVAL, test -> {
                    test.live.attachPasid(test.nic(), PASID);
                    Domain identity = test.machine.domain(DomainType.IDENTITY);
                    return () -> identity.replacePasid(test.nic(), PASID);
                }),
                // Devices.
                new Row(
                        "attach of one device of a group",
                        EINVAL,
                        test -> () -> test.live.attach(test.machine.device("left"))),
                new Row("device in a reset", EBUSY, test -> {
                    IommuDevice disk = test.machine.device("disk");
                    disk.prepareReset();
                    return () -> test.live.attach(disk);
                }));
    }

    private static Runnable byPasid(AttachRulesTest test, DomainType type) {
        Domain domain = test.machine.domain(type);
        return () -> domain.attachPasid(test.nic(), PASID);
    }

    private Map<String, Object> everything() {
        Map<String, Object> seen = new TreeMap<>();
        for (String counter : List.of("spaces", "pasids", "tables.live", "quarantine.spaces")) {
            seen.put(counter, machine.counter(counter));
        }
        seen.put("tags", machine.hardware.tags.clone());
        seen.put("untagged", new HashMap<>(machine.hardware.untagged));
        seen.put("entries", new HashMap<>(machine.hardware.pasids));
        for (IommuDevice device : machine.platform.devices()) {
            seen.put("domain of " + device.name(), device.domain().orElseThrow());
        }
        List<String> leaves = new ArrayList<>();
        long last = live.space().lastIova();
        live.space()
                .walk(0, last, (iova, paddr, size, descriptor, prot) -> leaves.add(iova + "->" + paddr + "+" + size));
        seen.put("leaves", leaves);
        return seen;
    }

    @ParameterizedTest
    @MethodSource("rows")
    void whatIsRefusedChangesNothing(Row row) {
        Runnable call = row.prepare().apply(this);
        Map<String, Object> before = everything();
        IommuException refused = catchThrowableOfType(IommuException.class, call::run);
        assertThat(refused).isNotNull();
        assertThat(refused.errno()).as(refused.getMessage()).isEqualTo(row.errno());
        assertThat(everything()).isEqualTo(before);
        assertThat(live.space().iovaToPhys(IOVA)).isEqualTo(PADDR);
    }
}
