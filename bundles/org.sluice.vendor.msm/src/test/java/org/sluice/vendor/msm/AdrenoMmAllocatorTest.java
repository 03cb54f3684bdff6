package org.sluice.vendor.msm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.ActivationKind;
import org.sluice.api.ClientTable;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.api.ProviderMissingException;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.DeviceRecord;
import org.sluice.spi.driver.MmAllocation;
import org.sluice.spi.driver.MmRequest;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;

class AdrenoMmAllocatorTest {
    private static final long IOVA = 0x1_2345_6000L;
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestGpu gpu = new TestGpu();
    private final AdrenoMmAllocator allocator = new AdrenoMmAllocator(Map.of());

    @Test
    void deviceSwitchesAndTheClientGetsRootAsidAndBank_R2() {
        MmAllocation allocation = allocator.mmAlloc(gpu.request(7));

        assertThat(allocation.activation()).isEqualTo(ActivationKind.CLIENT_SWITCHED);
        ClientTable table = allocation.clientTable();
        assertThat(gpu.tables).containsOnlyKeys(table.root());
        assertThat(table.asid()).isEqualTo(7);
        assertThat(table.bank()).isZero();
        assertThat(table.ttbr0()).isEqualTo(7L << 48 | table.root());
    }

    @Test
    void tableIsTheKernelsConfigurationInTheLowerHalf() {
        allocator.mmAlloc(gpu.request(7));
        assertThat(gpu.asked).containsExactly(TestGpu.KERNEL.withQuirks(Quirk.ARM_HD));
        PageTable table = gpu.tables.values().iterator().next();
        assertThat(table.firstIova()).isZero();
        assertThat(table.lastIova()).isEqualTo((1L << 48) - 1);
    }

    @Test
    void formatIs64BitStage1WhateverTheDriverWouldTake() {
        PageTableConfig short32 = new PageTableConfig("ARM_32_LPAE_S1", 0x40201000L, 32, 40, false, 0);
        allocator.mmAlloc(gpu.request(7, short32));
        assertThat(gpu.asked).containsExactly(new PageTableConfig("ARM_64_LPAE_S1", 0x40201000L, 32, 40, false, 0));
    }

    @Test
    void twoSpacesMapTheSameIovaToTheirOwnPages_R36() {
        ClientTable one = allocator.mmAlloc(gpu.request(1)).clientTable();
        ClientTable two = allocator.mmAlloc(gpu.request(2)).clientTable();
        gpu.tables.get(one.root()).mapPages(IOVA, 0x1111_1000L, 4096, 1, RW);
        gpu.tables.get(two.root()).mapPages(IOVA, 0x2222_2000L, 4096, 1, RW);
        gpu.tables.get(two.root()).mapPages(0x4000_0000L, 0x3_4000_0000L, 1 << 30, 1, RW);

        assertThat(gpu.walk(one.ttbr0(), IOVA + 0x42)).isEqualTo(0x1111_1042L);
        assertThat(gpu.walk(two.ttbr0(), IOVA + 0x42)).isEqualTo(0x2222_2042L);
        assertThat(gpu.walk(two.ttbr0(), 0x4012_3456L)).isEqualTo(0x3_4012_3456L);
        assertThat(gpu.walk(one.ttbr0(), 0x4012_3456L)).isEqualTo(-1);
        assertThat(one.contextIdr()).isNotEqualTo(two.contextIdr());
    }

    @Test
    void processIdIsNotUsedAgainWhileItsSpaceLives() {
        Set<Integer> live = new HashSet<>();
        MmAllocation kept = allocator.mmAlloc(gpu.request(3));
        live.add(kept.clientTable().contextIdr());
        // Twice round the count, always with the same ASID, as one ASID of each of many IOMMUs would be.
        ProcessIds ids = new ProcessIds(0xfffe);
        int first = ids.take(3);
        for (int i = 0; i < 0x1_0010; i++) {
            int id = ids.take(3);
            assertThat(id).isNotEqualTo(first).isNotZero();
            ids.giveBack(id);
        }
        ids.giveBack(first);
        for (int i = 0; i < 100; i++) {
            assertThat(live.add(allocator.mmAlloc(gpu.request(3)).clientTable().contextIdr()))
                    .isTrue();
        }
    }

    @Test
    void successorNeverGivesTheIdOfALiveSpaceOfItsPredecessor() {
        ProcessIds predecessor = new ProcessIds(5);
        Set<Integer> live = new HashSet<>();
        for (int asid = 1; asid <= 100; asid++) {
            live.add(predecessor.take(asid));
        }
        // The worst case: the same start. ASIDs of live spaces differ, so the ids do.
        ProcessIds successor = new ProcessIds(5);
        for (int asid = 101; asid <= 200; asid++) {
            assertThat(live.add(successor.take(asid))).isTrue();
        }
    }

    @Test
    void freeTakesAllocationsOfAPredecessor() {
        MmAllocation old = new AdrenoMmAllocator(Map.of()).mmAlloc(gpu.request(9));
        allocator.mmFree(old);
        MmAllocation own = allocator.mmAlloc(gpu.request(9));
        allocator.mmFree(own);
        assertThat(allocator.mmAlloc(gpu.request(9)).clientTable().contextIdr())
                .as("a late fault of the dead space names nobody who lives")
                .isNotEqualTo(own.clientTable().contextIdr());
    }

    @Test
    void freeOfASpaceThatTheIommuResolvesIsRefused() {
        assertThatThrownBy(() -> allocator.mmFree(new MmAllocation(ActivationKind.TABLE, null)))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("TABLE");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 0x1_0000})
    void tagThatIsNoAsidIsRefusedBeforeATableIsMade(int tag) {
        assertThatThrownBy(() -> allocator.mmAlloc(gpu.request(tag)))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContaining("tag " + tag);
        assertThat(gpu.tables).isEmpty();
    }

    @Test
    void rootThatTtbr0CannotHoldIsRefused() {
        assertThatThrownBy(() -> allocator.mmAlloc(creating(1L << 48)))
                .isInstanceOfSatisfying(
                        IommuException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ERANGE))
                .hasMessageContaining("0x1000000000000");
    }

    @Test
    void missingFormatIsPassedOn() {
        MmRequest request = creating(-1);
        assertThatThrownBy(() -> allocator.mmAlloc(request)).isInstanceOf(ProviderMissingException.class);
    }

    private MmRequest creating(long root) {
        MmRequest inner = gpu.request(1);
        return new MmRequest() {
            @Override
            public DeviceRecord device() {
                return inner.device();
            }

            @Override
            public ContextRecord context() {
                return inner.context();
            }

            @Override
            public PageTableConfig suggested() {
                return inner.suggested();
            }

            @Override
            public long createTable(PageTableConfig config) {
                if (root == -1) {
                    throw new ProviderMissingException("page-table format " + config.format(), "no bundle offers it");
                }
                return root;
            }
        };
    }

    @Test
    void spacesShareAnAsidWhenTheConfigurationSaysSo() {
        AdrenoMmAllocator sharing = new AdrenoMmAllocator(Map.of("asid", "shared"));
        MmAllocation one = sharing.mmAlloc(gpu.request(9));
        MmAllocation two = sharing.mmAlloc(gpu.request(10));
        assertThat(one.clientTable().asid()).isZero();
        assertThat(two.clientTable().asid()).isZero();
        assertThat(one.clientTable().contextIdr())
                .as("a fault still names the space")
                .isNotEqualTo(two.clientTable().contextIdr());
        assertThatThrownBy(() -> new AdrenoMmAllocator(Map.of("asid", "none")))
                .hasMessageContaining("'none'")
                .hasMessageContaining("unique or shared");
    }
}
