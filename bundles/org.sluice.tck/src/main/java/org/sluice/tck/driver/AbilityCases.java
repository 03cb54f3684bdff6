package org.sluice.tck.driver;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.sluice.api.Errno;
import org.sluice.api.FaultReason;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.Attachment;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.FaultRecord;
import org.sluice.spi.driver.PasidOperations;
import org.sluice.spi.driver.PasidReplacement;

/** What not every SMMU can do: shown where it can, reported as unsupported where it cannot. */
interface AbilityCases extends Rigged {
    @Test
    default void pasidReachesOnlyItsOwnAndNothingOnceItIsDetached() {
        Rig rig = rig();
        Client client = rig.client();
        if (!(rig.unit() instanceof PasidOperations pasids) || client.record().pasidBits() == 0) {
            Unsupported.on(rig, "PASIDs");
            return;
        }
        Space untagged = rig.attached(client);
        Space[] spaces = {untagged, rig.attachedTo(client, pasids, 1), rig.attachedTo(client, pasids, 2)};
        for (int pasid = 0; pasid < spaces.length; pasid++) {
            long paddr = rig.page();
            client.plant(paddr, 30 + pasid);
            spaces[pasid].map(0x6000, paddr, Sizes.KIB_4, Space.RW);
        }
        assertThat(client.read(0x6000)).isEqualTo(30);
        assertThat(client.read(1, 0x6000)).isEqualTo(31);
        assertThat(client.read(2, 0x6000)).isEqualTo(32);
        pasids.mmDetach(client.record(), 1, spaces[1].context(), true);
        assertThat(client.read(1, 0x6000)).isEqualTo(Client.ABORTED);
        assertThat(rig.fault(fault -> fault.pasid() == 1).reason()).isEqualTo(FaultReason.BAD_PASID);
        assertThat(client.read(2, 0x6000)).isEqualTo(32);
        assertThat(client.read(0x6000)).isEqualTo(30);
    }

    @Test
    default void replacedPasidReachesTheNewSpaceAlone() {
        Rig rig = rig();
        Client client = rig.client();
        if (!(rig.unit() instanceof PasidOperations pasids)
                || !(rig.unit() instanceof PasidReplacement replacement)
                || client.record().pasidBits() == 0) {
            Unsupported.on(rig, "replacing what a PASID reaches");
            return;
        }
        Space old = rig.attachedTo(client, pasids, 1);
        Space neighbour = rig.attachedTo(client, pasids, 2);
        Space next = rig.space(
                new ContextRequest(1, false, true, Sizes.granules(rig.unit()).get(0)));
        Space[] spaces = {old, neighbour, next};
        for (int i = 0; i < spaces.length; i++) {
            long paddr = rig.page();
            client.plant(paddr, 40 + i);
            spaces[i].map(0x6000, paddr, Sizes.KIB_4, Space.RW);
        }
        assertThat(client.read(1, 0x6000)).isEqualTo(40);
        replacement.mmReplace(client.record(), 1, old.context(), next.context());
        assertThat(client.read(1, 0x6000)).isEqualTo(42);
        assertThat(client.read(2, 0x6000)).isEqualTo(41);
        rig.unit().freeContext(old.context());
        next.unmap(0x6000, Sizes.KIB_4, 1);
        assertThat(client.read(1, 0x6000)).isEqualTo(Client.ABORTED);
        assertThat(client.read(2, 0x6000)).isEqualTo(41);
    }

    @Test
    default void stage2TranslatesUntilItIsUnmapped() {
        Rig rig = rig();
        if (!rig.unit().capabilities().stage2()) {
            Unsupported.on(rig, "stage 2, by the unit's capabilities");
        }
        Client client = rig.client();
        Space space = stage2(rig);
        rig.unit().attach(client.record(), Attachment.to(space.context()));
        long paddr = rig.page();
        client.plant(paddr, 6);
        for (int round = 0; round < 4; round++) {
            space.map(0x6_7000, paddr, Sizes.KIB_4, Space.RW);
            assertThat(client.read(0x6_7000)).isEqualTo(6);
            space.unmap(0x6_7000, Sizes.KIB_4, 1);
            assertThat(client.read(0x6_7000)).isEqualTo(Client.ABORTED);
            FaultRecord fault = rig.fault(any -> true);
            assertThat(fault.reason()).isEqualTo(FaultReason.TRANSLATION);
            assertThat(fault.iova()).isEqualTo(0x6_7000);
        }
    }

    private static Space stage2(Rig rig) {
        try {
            return rig.space(new ContextRequest(
                    2, false, false, Sizes.granules(rig.unit()).get(0)));
        } catch (IommuException refused) {
            if (refused.errno() == Errno.EOPNOTSUPP) {
                Unsupported.on(rig, "stage 2: " + refused.getMessage());
            }
            throw refused;
        }
    }
}
