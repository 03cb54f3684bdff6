package org.sluice.tck.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.NestingOperations;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.driver.UnitRecord;

/** A guest's stage 1 over a stage 2 of ours. */
interface NestedCases extends Rigged {
    /** What the guest has: a context, three tables and data, each page at the same IPA as it is at. */
    long GUEST = BoardSource.MEMORY + 0x20_0000;

    @Test
    default void guestsStage1IsTranslatedByOurStage2() {
        Rig rig = rig();
        NestingOperations nesting = nesting(rig);
        Client client = rig.client();
        Space parent = parent(rig);
        long data = GUEST + 8 * Sizes.KIB_4;
        long leaf = buildTables(client, data);
        client.plant(data, 41);
        rig.unit().attach(client.record(), Attachment.to(nested(rig, nesting, parent)));

        assertThat(client.read(0)).isEqualTo(41);
        assertThat(client.write(8, 42)).isTrue();
        assertThat(rig.memory().read64(data + 8)).isEqualTo(42);
        assertThat(client.read(Sizes.KIB_4)).as("the guest maps nothing there").isEqualTo(Client.ABORTED);

        client.plant(leaf, 0);
        assertThat(nesting.invalidate(parent.context(), Guest.of(rig).forgetAll(), streamId -> streamId))
                .isEqualTo(1);
        assertThat(client.read(0)).as("the guest unmapped it").isEqualTo(Client.ABORTED);

        client.plant(leaf, data | leafBits());
        assertThat(client.read(0)).isEqualTo(41);
        parent.unmap(data, Sizes.KIB_4, 1);
        assertThat(client.read(0)).as("we took the page from the guest").isEqualTo(Client.ABORTED);
        rig.unit().attach(client.record(), Attachment.BLOCKED);
    }

    @Test
    default void guestGoesOnUnderASuccessorOfTheDriver() {
        Rig rig = rig();
        NestingOperations nesting = nesting(rig);
        Client client = rig.client();
        Space parent = parent(rig);
        long data = GUEST + 8 * Sizes.KIB_4;
        buildTables(client, data);
        client.plant(data, 41);
        TranslationContext guest = nested(rig, nesting, parent);
        rig.unit().attach(client.record(), Attachment.to(guest));
        assertThat(client.read(0)).isEqualTo(41);

        rig.swap(new UnitRecord(
                UnitRecord.VERSION,
                rig.clients().stream()
                        .map(other -> new UnitRecord.Device(
                                other.record(),
                                other == client ? Attachment.Kind.TRANSLATED : Attachment.Kind.BLOCKED,
                                other == client ? guest.record() : null,
                                List.of()))
                        .toList()));
        assertThat(client.read(0)).as("it goes on").isEqualTo(41);
        TranslationContext parentNow = rig.unit().adoptContext(parent.context().record());
        TranslationContext guestNow = rig.unit().adoptContext(guest.record());
        assertThat(guestNow.record()).isEqualTo(guest.record());
        parent.unmapOnly(data, Sizes.KIB_4, 1);
        parentNow.invalidate(data, Sizes.KIB_4, Sizes.KIB_4, true);
        parentNow.sync();
        assertThat(client.read(0)).as("the successor took the page").isEqualTo(Client.ABORTED);
        rig.unit().attach(client.record(), Attachment.BLOCKED);
        rig.unit().freeContext(guestNow);
        rig.unit().freeContext(parentNow);
    }

    private static NestingOperations nesting(Rig rig) {
        if (!(rig.unit() instanceof NestingOperations)
                || !rig.unit().capabilities().nested()) {
            Unsupported.on(rig, "nested translation");
        }
        if (rig.unit().capabilities().inputBits() == Integer.SIZE) {
            Unsupported.on(rig, "nested translation: the guest's tables have 39 bits");
        }
        return (NestingOperations) rig.unit();
    }

    /** A stage 2 in which the guest's memory is where it is. */
    private static Space parent(Rig rig) {
        Space parent = rig.space(
                new ContextRequest(2, false, false, Sizes.granules(rig.unit()).get(0)));
        parent.map(GUEST, GUEST, Sizes.KIB_4, 16, Space.RW);
        return parent;
    }

    private static TranslationContext nested(Rig rig, NestingOperations nesting, Space parent) {
        long[] entry = Guest.of(rig).entry(rig.client(), GUEST, GUEST + Sizes.KIB_4);
        try {
            return nesting.createNested(parent.context(), entry);
        } catch (IommuException refused) {
            if (refused.errno() == Errno.EOPNOTSUPP) {
                Unsupported.on(rig, "nested translation: " + refused.getMessage());
            }
            throw refused;
        }
    }

    /** Tables of three levels; tells where the leaf of IOVA 0 is. */
    private static long buildTables(Client client, long data) {
        long table = GUEST + Sizes.KIB_4;
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
