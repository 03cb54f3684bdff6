package org.sluice.smmuv2.model;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.layout.Field;
import org.sluice.layout.Layout;
import org.sluice.smmuv2.arch.SIdr0;
import org.sluice.smmuv2.arch.SIdr1;
import org.sluice.smmuv2.arch.SIdr2;
import org.sluice.smmuv2.arch.SIdr7;
import org.sluice.smmuv2.arch.StreamMatch;

/**
 * What the properties of a request ask for.
 *
 * @param identity the ID registers
 * @param tlbEntries power of two, or 0 for no TLB
 * @param sharedTlb models with the same name here share a TLB; empty for one of its own
 * @param instances mirrored register files, one after the other, each for a part of the traffic
 * @param defects what it departs in
 * @param sparse whether it has a page for regions that are only partly resident
 * @param bootStreams SMRs that a boot loader left, by index
 */
record ModelOptions(
        Identity identity,
        int tlbEntries,
        String sharedTlb,
        int instances,
        Set<Defect> defects,
        boolean sparse,
        Map<Integer, Integer> bootStreams) {
    private static final int MAX_BANKS = 128;
    private static final int MAX_TLB_ENTRIES = 1 << 20;
    private static final int MAX_INSTANCES = 4;

    /** Copies set and map. */
    ModelOptions {
        defects = Set.copyOf(defects);
        bootStreams = Map.copyOf(bootStreams);
    }

    /**
     * Reads properties.
     *
     * @throws IommuException EINVAL, naming the property, its value and what is allowed
     */
    static ModelOptions parse(Map<String, Object> properties) {
        Profile profile = Profile.named(String.valueOf(properties.getOrDefault("profile", "full")));
        Identity start = profile.identity();
        long[] idr = {start.idr0(), start.idr1(), start.idr2(), start.idr7()};
        int tlb = 1024;
        String shared = "";
        int instances = 1;
        String left = "";
        boolean sparse = profile == Profile.QCOM;
        Set<Defect> defects = EnumSet.noneOf(Defect.class);
        defects.addAll(profile.defects());
        for (Map.Entry<String, Object> property : new TreeMap<>(properties).entrySet()) {
            String key = property.getKey();
            String value = String.valueOf(property.getValue());
            String field = key.substring(key.indexOf('.') + 1);
            switch (key.startsWith("idr") ? key.substring(0, Math.max(key.indexOf('.'), 0)) : key) {
                case "profile" -> {}
                case "idr0" -> idr[0] = override(SIdr0.LAYOUT, key, field, value, idr[0]);
                case "idr1" -> idr[1] = override(SIdr1.LAYOUT, key, field, value, idr[1]);
                case "idr2" -> idr[2] = override(SIdr2.LAYOUT, key, field, value, idr[2]);
                case "idr7" -> idr[3] = override(SIdr7.LAYOUT, key, field, value, idr[3]);
                case "tlb.entries" -> tlb = value.equals("none") ? 0 : powerOfTwo(key, value, MAX_TLB_ENTRIES);
                case "tlb.shared" -> shared = value;
                case "prr" -> sparse = flag(key, value);
                case "boot.streams" -> left = value;
                case "instances" -> instances = powerOfTwo(key, value, MAX_INSTANCES);
                case "defects" -> {
                    defects.clear();
                    defects.addAll(Defect.parse(value));
                }
                default ->
                    throw invalid(
                            key,
                            value,
                            "known are profile, defects, instances, boot.streams, prr, tlb.entries, tlb.shared, idr0.*, idr1.*, idr2.*, idr7.*");
            }
        }
        Identity identity = new Identity(idr[0], idr[1], idr[2], idr[3]);
        limit("idr1.NUMCB", identity.banks(), Math.min(MAX_BANKS, identity.pages()));
        limit("idr1.NUMS2CB", identity.stage2Banks(), identity.banks());
        limit("idr0.NUMIRPT", 1, identity.interrupts());
        return new ModelOptions(identity, tlb, shared, instances, defects, sparse, bootStreams(left, identity));
    }

    // ID or ID/MASK each, into entries from the last one down: nobody who forgets them overwrites them by accident
    private static Map<Integer, Integer> bootStreams(String value, Identity identity) {
        Map<Integer, Integer> found = new TreeMap<>();
        for (String stream : value.isBlank() ? new String[0] : value.split(",")) {
            String[] parts = stream.trim().split("/", 2);
            long id = number("boot.streams", parts[0]);
            long mask = parts.length == 1 ? 0 : number("boot.streams", parts[1]);
            if ((id | mask) >>> StreamMatch.ID_MSB + 1 != 0) {
                throw invalid("boot.streams", value, "StreamIDs and masks have 15 bits");
            }
            long smr = StreamMatch.withMask(StreamMatch.withId(StreamMatch.withValid(0, 1), id), mask);
            found.put(identity.streamEntries() - 1 - found.size(), (int) smr);
        }
        if (found.size() > identity.streamEntries() || !found.isEmpty() && !identity.streamMatching()) {
            throw invalid("boot.streams", value, "the SMMU has no entries for them");
        }
        return found;
    }

    private static void limit(String key, int value, int limit) {
        if (value > limit) {
            throw invalid(key, Integer.toString(value), "the limit is " + limit);
        }
    }

    private static long override(Layout register, String key, String name, String value, long word) {
        Field field = register.fields().stream()
                .filter(candidate -> candidate.kind().isNamed()
                        && candidate.name().toUpperCase(Locale.ROOT).equals(name.toUpperCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> invalid(key, value, register.name() + " has no such field"));
        long limit = field.mask() >>> field.lsb();
        long number = number(key, value);
        if (Long.compareUnsigned(number, limit) > 0) {
            throw invalid(key, value, "the field's maximum is " + limit);
        }
        return word & ~field.mask() | number << field.lsb();
    }

    private static boolean flag(String key, String value) {
        if (!value.equals("true") && !value.equals("false")) {
            throw invalid(key, value, "it must be true or false");
        }
        return value.equals("true");
    }

    private static int powerOfTwo(String key, String value, int limit) {
        long number = number(key, value);
        if (number < 1 || number > limit || Long.bitCount(number) != 1) {
            throw invalid(key, value, "it must be a power of two from 1 to " + limit);
        }
        return (int) number;
    }

    private static long number(String key, String value) {
        try {
            return Long.decode(value);
        } catch (NumberFormatException e) {
            throw invalid(key, value, "it must be a number");
        }
    }

    static IommuException invalid(String key, String value, String limit) {
        return new IommuException(Errno.EINVAL, "property " + key + " is '" + value + "': " + limit);
    }
}
