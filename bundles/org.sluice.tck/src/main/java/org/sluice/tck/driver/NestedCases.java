package org.sluice.tck.driver;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdTlbiNhAll;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.NestingOperations;
import org.sluice.spi.driver.TranslationContext;

/** A guest's stage 1 over a stage 2 of ours. */
interface NestedCases extends Rigged {
    /** What the guest has: a context, three tables and data, each page at the same IPA as it is at. */
    long GUEST = BoardSource.MEMORY + 0x20_0000;

    @Test
    default void guestsStage1IsTranslatedByOurStage2() {
        Rig rig = rig();
        if (!(rig.unit() instanceof NestingOperations nesting)
                || !rig.unit().capabilities().nested()) {
            Unsupported.on(rig, "nested translation");
            return;
        }
        Client client = rig.client();
        Space parent = rig.space(
                new ContextRequest(2, false, false, Sizes.granules(rig.unit()).get(0)));
        parent.map(GUEST, GUEST, Sizes.KIB_4, 16, Space.RW);
        long data = GUEST + 8 * Sizes.KIB_4;
        long leaf = buildGuest(client, data);
        client.plant(data, 41);
        rig.unit().attach(client.record(), Attachment.to(nested(rig, nesting, parent)));

        assertThat(client.read(0)).isEqualTo(41);
        assertThat(client.write(8, 42)).isTrue();
        assertThat(rig.memory().read64(data + 8)).isEqualTo(42);
        assertThat(client.read(Sizes.KIB_4)).as("the guest maps nothing there").isEqualTo(Client.ABORTED);

        client.plant(leaf, 0);
        long[] commands = {CmdTlbiNhAll.withOpcode(0, CmdTlbiNhAll.OPCODE_VALUE), 0};
        assertThat(nesting.invalidate(parent.context(), commands, streamId -> streamId))
                .isEqualTo(1);
        assertThat(client.read(0)).as("the guest unmapped it").isEqualTo(Client.ABORTED);

        client.plant(leaf, data | leafBits());
        assertThat(client.read(0)).isEqualTo(41);
        parent.unmap(data, Sizes.KIB_4, 1);
        assertThat(client.read(0)).as("we took the page from the guest").isEqualTo(Client.ABORTED);
        rig.unit().attach(client.record(), Attachment.BLOCKED);
    }

    private static TranslationContext nested(Rig rig, NestingOperations nesting, Space parent) {
        long[] entry = new long[StreamTableEntry.WORDS];
        entry[0] = StreamTableEntry.withV(0, 1);
        entry[0] = StreamTableEntry.withConfig(entry[0], StreamTableEntry.CONFIG_S1_TRANSLATE);
        entry[0] = StreamTableEntry.withS1ContextPtr(entry[0], GUEST);
        try {
            return nesting.createNested(parent.context(), entry);
        } catch (IommuException refused) {
            if (refused.errno() == Errno.EOPNOTSUPP) {
                Unsupported.on(rig, "nested translation: " + refused.getMessage());
            }
            throw refused;
        }
    }

    /** A context of 39 bits and tables of three levels; tells where the leaf of IOVA 0 is. */
    private static long buildGuest(Client client, long data) {
        long table = GUEST + Sizes.KIB_4;
        long word0 = ContextDescriptor.withV(0, 1);
        word0 = ContextDescriptor.withAa64(word0, 1);
        word0 = ContextDescriptor.withT0sz(word0, 25);
        word0 = ContextDescriptor.withEpd1(word0, 1);
        word0 = ContextDescriptor.withIps(word0, ContextDescriptor.IPS_40BIT);
        word0 = ContextDescriptor.withR(ContextDescriptor.withA(word0, 1), 1);
        word0 = ContextDescriptor.withAsid(word0, 1);
        client.plant(GUEST, word0);
        client.plant(GUEST + 8, table);
        client.plant(table, table + Sizes.KIB_4 | 3);
        client.plant(table + Sizes.KIB_4, table + 2 * Sizes.KIB_4 | 3);
        client.plant(table + 2 * Sizes.KIB_4, data | leafBits());
        return table + 2 * Sizes.KIB_4;
    }

    /** A page that all may read and write: AF, nG, inner shareable, unprivileged. */
    private static long leafBits() {
        return 0xf43;
    }
}
