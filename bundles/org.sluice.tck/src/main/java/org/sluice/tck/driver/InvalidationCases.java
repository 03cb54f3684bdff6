package org.sluice.tck.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.IotlbGather;
import org.sluice.spi.driver.Attachment;

/** Between a change and its SYNC a DMA sees old or new; after the SYNC only new. */
interface InvalidationCases extends Rigged {
    @Test
    default void unmappedPageServesTheOldOrAbortsUntilTheSyncAndThenOnlyAborts() {
        Rig rig = rig();
        Client client = rig.client();
        Space space = rig.attached(client);
        long paddr = rig.page();
        client.plant(paddr, 11);
        for (int round = 0; round < 20; round++) {
            space.map(0x40_0000, paddr, Sizes.KIB_4, Space.RW);
            assertThat(client.read(0x40_0000)).isEqualTo(11);
            IotlbGather gather = space.unmapOnly(0x40_0000, Sizes.KIB_4, 1);
            assertThat(client.read(0x40_0000)).isIn(11L, Client.ABORTED);
            space.invalidate(gather);
            assertThat(client.read(0x40_0000)).isIn(11L, Client.ABORTED);
            space.finish(gather);
            assertThat(client.read(0x40_0000)).isEqualTo(Client.ABORTED);
        }
    }

    @Test
    default void movedPageIsOldOrNewUntilTheSyncAndThenOnlyNew() {
        Rig rig = rig();
        Client client = rig.client();
        Space space = rig.attached(client);
        long[] places = {rig.page(), rig.page()};
        client.plant(places[0], 100);
        client.plant(places[1], 101);
        long iova = space.within(0x7_1234_5000L);
        space.map(iova, places[0], Sizes.KIB_4, Space.RW);
        assertThat(client.read(iova)).isEqualTo(100);
        for (int round = 1; round <= 20; round++) {
            long old = 100 + (round - 1) % 2;
            long next = 100 + round % 2;
            IotlbGather gather = space.unmapOnly(iova, Sizes.KIB_4, 1);
            space.map(iova, places[round % 2], Sizes.KIB_4, Space.RW);
            assertThat(client.read(iova)).isIn(old, next);
            space.invalidate(gather);
            space.finish(gather);
            assertThat(client.read(iova)).isEqualTo(next);
        }
    }

    @Test
    default void rangeIsGoneWholeWithAndWithoutRangeInvalidation() {
        for (Identity identity : List.of(Identity.WHOLE, Identity.WITHOUT_RANGES)) {
            Rig rig = rig(identity, 1);
            Client client = rig.client();
            Space space = rig.attached(client);
            for (int count : new int[] {1, 2, 3, 31, 33, 512, 700}) {
                long iova = space.within(0x1_0000_3000L);
                space.map(iova, BoardSource.MEMORY, Sizes.KIB_4, count, Space.RW);
                for (int i = 0; i < count; i += Math.max(1, count / 8)) {
                    client.plant(BoardSource.MEMORY + i * Sizes.KIB_4, i);
                    assertThat(client.read(iova + i * Sizes.KIB_4)).isEqualTo(i);
                }
                space.unmap(iova, Sizes.KIB_4, count);
                for (int i = 0; i < count; i += Math.max(1, count / 8)) {
                    assertThat(client.read(iova + i * Sizes.KIB_4))
                            .as("page %d of %d", i, count)
                            .isEqualTo(Client.ABORTED);
                }
                assertThat(client.read(iova + (count - 1) * Sizes.KIB_4)).isEqualTo(Client.ABORTED);
            }
        }
    }

    /** A table that is unlinked takes its walk-cache entries along. */
    @Test
    default void blockInThePlaceOfATableIsSeenAtOnce() {
        Rig rig = rig();
        Client client = rig.client();
        Space space = rig.attached(client);
        long block = 1L << 21;
        long iova = 6 * block;
        long page = rig.page();
        client.plant(page, 1);
        for (int round = 0; round < 5; round++) {
            space.map(iova, page, Sizes.KIB_4, Space.RW);
            assertThat(client.read(iova)).isEqualTo(1);
            space.unmap(iova, Sizes.KIB_4, 1);
            space.map(iova, BoardSource.MEMORY + block, block, Space.RW);
            client.plant(BoardSource.MEMORY + block + 0x5000, 2);
            assertThat(client.read(iova + 0x5000)).isEqualTo(2);
            space.unmap(iova, block, 1);
            assertThat(client.read(iova + 0x5000)).isEqualTo(Client.ABORTED);
        }
    }

    @Test
    default void invalidateAllCoversTheSpaceAndSparesTheOthers() {
        Rig rig = rig();
        Client first = rig.clients().get(0);
        Client second = rig.clients().get(1);
        Space one = rig.attached(first);
        Space other = rig.attached(second);
        long paddr = rig.page();
        first.plant(paddr, 3);
        one.map(0x1000, paddr, Sizes.KIB_4, Space.RW);
        other.map(0x1000, paddr, Sizes.KIB_4, Space.RW);
        assertThat(first.read(0x1000)).isEqualTo(3);
        assertThat(second.read(0x1000)).isEqualTo(3);
        one.unmapOnly(0x1000, Sizes.KIB_4, 1);
        one.context().invalidateAll();
        assertThat(first.read(0x1000)).isEqualTo(Client.ABORTED);
        assertThat(second.read(0x1000)).isEqualTo(3);
    }

    @Test
    default void attachReplacesTheContextAtOnce() {
        Rig rig = rig();
        Client client = rig.client();
        Space[] spaces = {
            rig.attached(client), rig.space(Sizes.granules(rig.unit()).get(0))
        };
        for (int i = 0; i < 2; i++) {
            long paddr = rig.page();
            client.plant(paddr, 20 + i);
            spaces[i].map(0x1000, paddr, Sizes.KIB_4, Space.RW);
        }
        for (int round = 0; round < 6; round++) {
            rig.unit().attach(client.record(), Attachment.to(spaces[round % 2].context()));
            assertThat(client.read(0x1000)).isEqualTo(20 + round % 2);
        }
        rig.unit().attach(client.record(), Attachment.BLOCKED);
        assertThat(client.read(0x1000)).isEqualTo(Client.ABORTED);
        rig.unit().freeContext(spaces[0].context());
        Space reused = rig.attached(client);
        assertThat(client.read(0x1000)).as("a tag that was used before").isEqualTo(Client.ABORTED);
        reused.map(0x1000, BoardSource.MEMORY, Sizes.KIB_4, Space.RW);
    }
}
