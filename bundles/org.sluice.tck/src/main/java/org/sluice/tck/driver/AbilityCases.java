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
