package org.sluice.smmuv3.model;

import java.util.Arrays;
import java.util.List;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.Idr3;
import org.sluice.smmuv3.arch.Idr5;

/** Named identities to start from. */
enum Profile {
    /** Everything that this model implements, with 48-bit addresses, and without stalls. */
    FULL("full", full()),

    /** The same with 52-bit addresses, stalls and address translation registers. */
    EVERYTHING_ON("everything-on", everythingOn()),

    /** Arm's MMU-600, SMMUv3.1, by its public features, but for what this model lacks. */
    MMU_600("mmu-600", mmu600()),

    /** Arm's MMU-700, SMMUv3.2, by its public features, but for what this model lacks. */
    MMU_700("mmu-700", mmu700()),

    /** QEMU 7.2's SMMUv3, by its ID registers. */
    QEMU_7_2("qemu-7.2", new Identity(0x0d40101aL, 0x02730010L, 0x1404L, 0x74L, 0, 1)),

    /** QEMU 10's SMMUv3 with {@code stage=1}, by its ID registers. */
    QEMU_10("qemu-10", new Identity(0x0d44101aL, 0x02730010L, 0x1404L, 0x74L, 0, 1)),

    /** QEMU 10's SMMUv3 with {@code stage=2}, by its ID registers. */
    QEMU_10_STAGE_2("qemu-10-s2", new Identity(0x0d441019L, 0x02730010L, 0x1414L, 0x74L, 0, 1)),

    /** QEMU 10's SMMUv3 with {@code stage=nested}, by its ID registers. */
    QEMU_10_NESTED("qemu-10-nested", new Identity(0x0d44101bL, 0x02730010L, 0x1414L, 0x74L, 0, 1));

    // as many as may stall at once
    private static final int MANY_STALLS = 64;

    private final String label;
    private final Identity identity;

    Profile(String label, Identity identity) {
        this.label = label;
        this.identity = identity;
    }

    Identity identity() {
        return identity;
    }

    /**
     * Finds a profile.
     *
     * @throws IommuException EINVAL, naming the known ones
     */
    static Profile named(String label) {
        for (Profile profile : values()) {
            if (profile.label.equals(label)) {
                return profile;
            }
        }
        List<String> known =
                Arrays.stream(values()).map(profile -> profile.label).toList();
        throw new IommuException(Errno.EINVAL, "profile is '" + label + "', known are " + known);
    }

    private static Identity full() {
        long idr0 = Idr0.withS1p(0, 1);
        idr0 = Idr0.withS2p(idr0, 1);
        idr0 = Idr0.withTtf(idr0, Idr0.TTF_AARCH64);
        idr0 = Idr0.withCohacc(idr0, 1);
        idr0 = Idr0.withHttu(idr0, Idr0.HTTU_ACCESS_DIRTY);
        idr0 = Idr0.withAts(idr0, 1);
        idr0 = Idr0.withAsid16(idr0, 1);
        idr0 = Idr0.withMsi(idr0, 1);
        idr0 = Idr0.withPri(idr0, 1);
        idr0 = Idr0.withVmid16(idr0, 1);
        idr0 = Idr0.withCd2l(idr0, 1);
        idr0 = Idr0.withTtendian(idr0, Idr0.TTENDIAN_LITTLE);
        idr0 = Idr0.withAtsrecerr(idr0, 1);
        idr0 = Idr0.withStallModel(idr0, Idr0.STALL_MODEL_TERMINATE_ONLY);
        idr0 = Idr0.withStLevel(idr0, Idr0.ST_LEVEL_TWO_LEVEL);
        idr0 = Idr0.withHyp(idr0, 1);
        long idr1 = Idr1.withSidsize(0, 16);
        idr1 = Idr1.withSsidsize(idr1, 20);
        idr1 = Idr1.withCmdqs(idr1, 19);
        idr1 = Idr1.withPriqs(idr1, 19);
        idr1 = Idr1.withEventqs(idr1, 19);
        idr1 = Idr1.withAttrTypesOvr(idr1, 1);
        idr1 = Idr1.withAttrPermsOvr(idr1, 1);
        long idr3 = Idr3.withHad(0, 1);
        idr3 = Idr3.withXnx(idr3, 1);
        idr3 = Idr3.withRil(idr3, 1);
        idr3 = Idr3.withStt(idr3, 1);
        idr3 = Idr3.withBbml(idr3, 2);
        idr3 = Idr3.withFwb(idr3, 1);
        idr3 = Idr3.withE0pd(idr3, 1);
        idr3 = Idr3.withEpan(idr3, 1);
        long idr5 = Idr5.withOas(0, Idr5.OAS_48BIT);
        idr5 = Idr5.withGran4k(idr5, 1);
        idr5 = Idr5.withGran16k(idr5, 1);
        idr5 = Idr5.withGran64k(idr5, 1);
        return new Identity(idr0, idr1, idr3, idr5, 0, 2);
    }

    private static Identity everythingOn() {
        Identity full = full();
        long idr0 = Idr0.withAtos(full.idr0(), 1);
        idr0 = Idr0.withStallModel(idr0, Idr0.STALL_MODEL_STALL_AND_TERMINATE);
        long idr5 = Idr5.withOas(full.idr5(), Idr5.OAS_52BIT);
        idr5 = Idr5.withDs(idr5, 1);
        idr5 = Idr5.withVax(idr5, 1);
        idr5 = Idr5.withStallMax(idr5, MANY_STALLS);
        return new Identity(idr0, full.idr1(), full.idr3(), idr5, full.iidr(), full.aidr());
    }

    // CoreLink MMU-600 TRM (100310), SMMUv3 support. It has AArch32, mixed endianness, BTM, SEV and VMW besides
    private static Identity mmu600() {
        Identity full = full();
        long idr0 = Idr0.withStallModel(full.idr0(), Idr0.STALL_MODEL_STALL_AND_TERMINATE);
        idr0 = Idr0.withHttu(idr0, 0);
        idr0 = Idr0.withNs1ats(idr0, 1);
        idr0 = Idr0.withAtsrecerr(idr0, 0);
        long idr1 = Idr1.withSidsize(full.idr1(), 24);
        long idr3 = Idr3.withXnx(Idr3.withHad(0, 1), 1);
        long idr5 = Idr5.withStallMax(full.idr5(), MANY_STALLS);
        return new Identity(idr0, idr1, idr3, idr5, 0, 1);
    }

    // SMMUv3.2: flag updates, range invalidation, BBML, small tables, FWB, E0PD, 52-bit addresses with 64K
    private static Identity mmu700() {
        Identity old = mmu600();
        long idr3 = Idr3.withRil(old.idr3(), 1);
        idr3 = Idr3.withBbml(idr3, 2);
        idr3 = Idr3.withStt(idr3, 1);
        idr3 = Idr3.withFwb(idr3, 1);
        idr3 = Idr3.withE0pd(idr3, 1);
        long idr5 = Idr5.withVax(Idr5.withOas(old.idr5(), Idr5.OAS_52BIT), 1);
        long idr0 = Idr0.withHttu(old.idr0(), Idr0.HTTU_ACCESS_DIRTY);
        return new Identity(idr0, old.idr1(), idr3, idr5, 0, 2);
    }
}
