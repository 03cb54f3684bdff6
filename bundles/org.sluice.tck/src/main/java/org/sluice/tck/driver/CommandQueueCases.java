package org.sluice.tck.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** The command queue wraps, fills, is shared by threads, and survives commands that the SMMU refuses. */
interface CommandQueueCases extends Rigged {
    @Test
    default void queueOfEightEntriesWrapsAndLosesNothing() {
        Rig rig = rig(Identity.commandQueue(3), 1);
        Client client = rig.client();
        Space space = rig.attached(client);
        long paddr = rig.page();
        client.plant(paddr, 1);
        for (int round = 0; round < 60; round++) {
            space.map(0x2000, paddr, Sizes.KIB_4, Space.RW);
            assertThat(client.read(0x2000)).isEqualTo(1);
            for (int i = 0; i < 11; i++) {
                space.context().invalidate(0x10_0000L * i, Sizes.KIB_4, Sizes.KIB_4, true);
            }
            space.unmap(0x2000, Sizes.KIB_4, 1);
            assertThat(client.read(0x2000)).isEqualTo(Client.ABORTED);
        }
        assertThat(rig.registers().wraps()).isGreaterThan(50);
    }

    @Test
    default void refusedCommandIsSkippedAndTheQueueGoesOn() {
        Rig rig = rig();
        Client client = rig.client();
        Space space = rig.attached(client);
        long paddr = rig.page();
        client.plant(paddr, 1);
        for (int round = 0; round < 5; round++) {
            rig.registers().spoilNextCommand();
            // of no consequence, whether it is run or not
            space.context().invalidate(0x4000_0000L, Sizes.KIB_4, Sizes.KIB_4, true);
            space.context().sync();
            assertThat(rig.registers().isArmed()).as("a command was spoilt").isFalse();
            space.map(0x2000, paddr, Sizes.KIB_4, Space.RW);
            assertThat(client.read(0x2000)).isEqualTo(1);
            space.unmap(0x2000, Sizes.KIB_4, 1);
            assertThat(client.read(0x2000)).isEqualTo(Client.ABORTED);
        }
    }

    @Test
    default void threadsShareTheQueueAndEachUnmapHolds() throws InterruptedException {
        Rig rig = rig(Identity.commandQueue(4), 3);
        List<Throwable> wrong = new CopyOnWriteArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (Client client : rig.clients()) {
            Space space = rig.attached(client);
            long paddr = rig.page();
            threads.add(new Thread(() -> {
                client.plant(paddr, client.streamId());
                for (int round = 0; round < 60; round++) {
                    long iova = 0x1000L * (1 + round % 7);
                    space.map(iova, paddr, Sizes.KIB_4, Space.RW);
                    assertThat(client.read(iova)).isEqualTo(client.streamId());
                    space.unmap(iova, Sizes.KIB_4, 1);
                    assertThat(client.read(iova)).isEqualTo(Client.ABORTED);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.setUncaughtExceptionHandler((which, error) -> wrong.add(error));
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(wrong).isEmpty();
    }
}
