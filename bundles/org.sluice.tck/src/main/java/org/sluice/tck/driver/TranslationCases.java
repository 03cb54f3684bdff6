package org.sluice.tck.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.sluice.api.FaultReason;
import org.sluice.spi.board.Dma;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;

/** What is mapped is reached at its place, and nothing else is. */
interface TranslationCases extends Rigged {
    @Test
    default void everyLeafSizeOfEveryGranuleTranslatesUntilItIsUnmapped() {
        Rig rig = rig();
        Client client = rig.client();
        assertThat(Sizes.granules(rig.unit())).isNotEmpty();
        for (long granule : Sizes.granules(rig.unit())) {
            Space space = rig.space(granule);
            rig.unit().attach(client.record(), Attachment.to(space.context()));
            for (long size : Sizes.of(granule)) {
                if (size >= Sizes.GIB_1) {
                    continue; // no board has an aligned GiB of memory: see wholeGibiByteIsOneLeaf
                }
                long iova = 8 * size;
                long paddr = BoardSource.MEMORY;
                assertThat(client.read(iova)).isEqualTo(Client.ABORTED);
                space.map(iova, paddr, size, Space.RW);
                for (long offset : new long[] {0, size / 2 + 0x48, size - 8}) {
                    client.plant(paddr + offset, size + offset);
                    assertThat(client.read(iova + offset))
                            .as("leaf of 0x%x at +0x%x", size, offset)
                            .isEqualTo(size + offset);
                    assertThat(client.write(iova + offset, offset + 1)).isTrue();
                    assertThat(rig.memory().read64(paddr + offset)).isEqualTo(offset + 1);
                }
                assertThat(client.read(iova - 8)).isEqualTo(Client.ABORTED);
                assertThat(client.read(iova + size)).isEqualTo(Client.ABORTED);
                space.unmap(iova, size, 1);
                assertThat(client.read(iova)).isEqualTo(Client.ABORTED);
                assertThat(client.read(iova + size - 8)).isEqualTo(Client.ABORTED);
            }
            rig.unit().attach(client.record(), Attachment.BLOCKED);
            rig.unit().freeContext(space.context());
            space.table().free();
        }
    }

    @Test
    default void wholeGibiByteIsOneLeaf() {
        Rig rig = rig();
        if ((rig.unit().capabilities().pageSizes() & Sizes.GIB_1) == 0) {
            Unsupported.on(rig, "leaves of 1 GiB");
        }
        Client client = rig.client();
        Space space = rig.attached(client);
        long iova = space.within(5 * Sizes.GIB_1);
        space.map(iova, BoardSource.MEMORY, Sizes.GIB_1, Space.RW);
        long offset = 0x123_4560;
        client.plant(BoardSource.MEMORY + offset, 77);
        assertThat(client.read(iova + offset)).isEqualTo(77);
        space.unmap(iova, Sizes.GIB_1, 1);
        assertThat(client.read(iova + offset)).isEqualTo(Client.ABORTED);
    }

    /** Tables of AArch32 have IOVAs of 32 bits. */
    private static void requireAArch64(Rig rig, String what) {
        if (rig.unit().capabilities().inputBits() == Integer.SIZE) {
            Unsupported.on(rig, what + ": its tables have 32 bits");
        }
    }

    @Test
    default void firstAndLastPageOfTheAddressSpaceTranslate() {
        Rig rig = rig();
        Client client = rig.client();
        Space space = rig.attached(client);
        long last = space.table().lastIova() + 1 - Sizes.KIB_4;
        long paddr = rig.page();
        space.map(space.table().firstIova(), paddr, Sizes.KIB_4, Space.RW);
        space.map(last, paddr + Sizes.KIB_4, Sizes.KIB_4, Space.RW);
        client.plant(paddr, 1);
        client.plant(paddr + 2 * Sizes.KIB_4 - 8, 2);
        assertThat(client.read(space.table().firstIova())).isEqualTo(1);
        assertThat(client.read(last + Sizes.KIB_4 - 8)).isEqualTo(2);
    }

    @Test
    default void scatteredPagesAreOneTransfer() {
        Rig rig = rig();
        Client client = rig.client();
        Space space = rig.attached(client);
        int pages = 5;
        long iova = 0x1234_5000L;
        long[] places = new long[pages];
        byte[] sent = new byte[(pages - 1) * (int) Sizes.KIB_4 + 10];
        new Random(3).nextBytes(sent);
        for (int i = 0; i < pages; i++) {
            places[i] = rig.page() + (i * 7L & 0xf) * Sizes.KIB_4;
            space.map(iova + i * Sizes.KIB_4, places[i], Sizes.KIB_4, Space.RW);
        }
        assertThat(client.dma().write(Dma.NO_PASID, iova + 100, sent, 0, sent.length, 0))
                .isEqualTo(Dma.OK);
        byte[] inMemory = new byte[sent.length];
        for (int i = 0, done = 0; done < sent.length; i++) {
            int from = i == 0 ? 100 : 0;
            int count = Math.min(sent.length - done, (int) Sizes.KIB_4 - from);
            rig.memory().read(places[i] + from, inMemory, done, count);
            done += count;
        }
        assertThat(inMemory).isEqualTo(sent);
        byte[] back = new byte[sent.length];
        assertThat(client.dma().read(Dma.NO_PASID, iova + 100, back, 0, back.length, 0))
                .isEqualTo(Dma.OK);
        assertThat(back).isEqualTo(sent);
    }

    @Test
    default void upperHalfTranslatesAndTheLowerDoesNot() {
        Rig rig = rig();
        Client client = rig.client();
        requireAArch64(rig, "IOVAs of the upper half");
        Space space = rig.space(
                new ContextRequest(1, true, false, Sizes.granules(rig.unit()).get(0)));
        try {
            rig.unit().attach(client.record(), Attachment.to(space.context()));
            long iova = space.table().firstIova() + 0x7000;
            long paddr = rig.page();
            space.map(iova, paddr, Sizes.KIB_4, Space.RW);
            client.plant(paddr, 9);
            if (client.read(iova) == Client.ABORTED && rig.faults().isEmpty()) {
                Unsupported.on(rig, "IOVAs of the upper half: they do not reach the SMMU");
            }
            assertThat(client.read(iova)).isEqualTo(9);
            assertThat(client.read(0x7000)).isEqualTo(Client.ABORTED);
            assertThat(rig.fault(fault -> fault.iova() == 0x7000).reason()).isEqualTo(FaultReason.TRANSLATION);
        } finally {
            rig.unit().attach(client.record(), Attachment.BLOCKED);
        }
    }

    /** Against a plain map as oracle: any order of map, unmap, DMA, on pages and blocks. */
    @Test
    default void randomSequenceIsWhatAPlainMapSays() {
        long seed = Long.getLong("sluice.tck.seed", System.nanoTime());
        Rig rig = rig();
        Client client = rig.client();
        Space space = rig.attached(client);
        Random random = new Random(seed);
        Map<Long, Long> oracle = new HashMap<>();
        long base = space.within(0x7f_c000_0000L);
        long[] places = new long[16];
        for (int i = 0; i < places.length; i++) {
            places[i] = rig.page();
            client.plant(places[i], 100 + i);
        }
        for (int step = 0; step < 400; step++) {
            long iova = base + random.nextInt(24) * Sizes.KIB_4 + (random.nextBoolean() ? 0 : 1L << 21);
            Long mapped = oracle.get(iova);
            if (random.nextInt(3) == 0) {
                assertThat(client.read(iova))
                        .as("step %d, iova 0x%x, seed %d", step, iova, seed)
                        .isEqualTo(mapped == null ? Client.ABORTED : 100 + mapped);
            } else if (mapped == null) {
                long place = random.nextInt(places.length);
                space.map(iova, places[(int) place], Sizes.KIB_4, Space.RW);
                oracle.put(iova, place);
                assertThat(client.read(iova))
                        .as("after map, step %d, seed %d", step, seed)
                        .isEqualTo(100 + place);
            } else {
                space.unmap(iova, Sizes.KIB_4, 1);
                oracle.remove(iova);
                assertThat(client.read(iova))
                        .as("after unmap, step %d, seed %d", step, seed)
                        .isEqualTo(Client.ABORTED);
            }
        }
    }
}
