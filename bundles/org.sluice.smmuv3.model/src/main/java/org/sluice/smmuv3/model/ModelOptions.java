package org.sluice.smmuv3.model;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.layout.Field;
import org.sluice.layout.Layout;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.Idr3;
import org.sluice.smmuv3.arch.Idr5;

/**
 * What the properties of a request ask for.
 *
 * @param identity the ID registers
 * @param tlb how the TLB is built
 * @param configurationEntries power of two, or 0 for no configuration cache
 * @param wideConfiguration whether any invalidation of configuration removes all of it
 * @param reportsConfigurationConflicts whether STEs that STE.CONT joins wrongly are F_CFG_CONFLICT
 * @param countedStreams streams that are counted alone: a power of two, or 0
 * @param secure whether there is a Secure programming interface
 * @param mergesEvents whether events are merged where STE.MEV lets them
 */
record ModelOptions(
        Identity identity,
        TlbShape tlb,
        int configurationEntries,
        boolean wideConfiguration,
        boolean reportsConfigurationConflicts,
        int countedStreams,
        boolean secure,
        boolean mergesEvents) {
    private static final int MAX_ENTRIES = 1 << 20;
    private static final int MAX_WAYS = 16;
    private static final String REPORTED = "reported";
    private static final int MAX_STREAMS = 1 << 12;
    // of an SMMU that stalls, unless given
    private static final int STALL_MAX = 64;

    /**
     * Reads properties.
     *
     * @throws IommuException EINVAL, naming the property, its value and what is allowed
     */
    static ModelOptions parse(Map<String, Object> properties) {
        Identity start = Profile.named(String.valueOf(properties.getOrDefault("profile", "full")))
                .identity();
        long idr0 = start.idr0();
        long idr1 = start.idr1();
        long idr3 = start.idr3();
        long idr5 = start.idr5();
        int tlb = 4096;
        int ways = TlbShape.USUAL_WAYS;
        boolean contiguous = false;
        TlbShape.Overreach overreach = TlbShape.Overreach.NONE;
        int configurations = 1024;
        boolean wide = false;
        boolean tlbConflicts = false;
        boolean configurationConflicts = false;
        int streams = 64;
        boolean merges = true;
        boolean secure = false;
        for (Map.Entry<String, Object> property : new TreeMap<>(properties).entrySet()) {
            String key = property.getKey();
            String value = String.valueOf(property.getValue());
            int dot = key.indexOf('.');
            String field = key.substring(dot + 1);
            switch (dot < 0 ? key : key.substring(0, dot)) {
                case "profile" -> {}
                case "idr0" -> idr0 = override(Idr0.LAYOUT, key, field, value, idr0);
                case "idr1" -> idr1 = override(Idr1.LAYOUT, key, field, value, idr1);
                case "idr3" -> idr3 = override(Idr3.LAYOUT, key, field, value, idr3);
                case "idr5" -> idr5 = override(Idr5.LAYOUT, key, field, value, idr5);
                case "tlb" -> {
                    switch (field) {
                        case "entries" -> tlb = powerOfTwo(key, value, 1, MAX_ENTRIES);
                        case "ways" -> {
                            ways = powerOfTwo(key, value, 1, MAX_WAYS);
                            if (ways == 0) {
                                throw invalid(key, value, "a set has at least one way; tlb.entries=none is no TLB");
                            }
                        }
                        case "contiguous" -> contiguous = flag(key, value);
                        case "overreach" -> overreach = overreach(key, value);
                        case "conflicts" -> tlbConflicts = conflicts(key, value);
                        default ->
                            throw invalid(
                                    key,
                                    value,
                                    "known are tlb.entries, tlb.ways, tlb.contiguous, tlb.overreach, tlb.conflicts");
                    }
                }
                case "config" -> {
                    switch (field) {
                        case "entries" -> configurations = powerOfTwo(key, value, 1, MAX_ENTRIES);
                        case "overreach" -> wide = overreach(key, value) != TlbShape.Overreach.NONE;
                        case "conflicts" -> configurationConflicts = conflicts(key, value);
                        default ->
                            throw invalid(key, value, "known are config.entries, config.overreach, config.conflicts");
                    }
                }
                case "secure" -> secure = flag(key, value);
                case "events" -> {
                    if (!field.equals("merge")) {
                        throw invalid(key, value, "known is events.merge");
                    }
                    merges = flag(key, value);
                }
                case "statistics" -> {
                    if (!field.equals("streams")) {
                        throw invalid(key, value, "known is statistics.streams");
                    }
                    streams = powerOfTwo(key, value, 1, MAX_STREAMS);
                }
                default ->
                    throw invalid(
                            key,
                            value,
                            "known are profile, secure, tlb.*, config.*, events.merge, statistics.streams, idr0.*, idr1.*, idr3.*, idr5.*");
            }
        }
        boolean stalls = Idr0.stallModel(idr0) != Idr0.STALL_MODEL_TERMINATE_ONLY;
        if (stalls && Idr5.stallMax(idr5) == 0) {
            idr5 = Idr5.withStallMax(idr5, STALL_MAX);
        }
        if (Idr0.ats(idr0) == 0) {
            idr0 = inherited(properties, Idr0.LAYOUT, idr0, "NS1ATS", "PRI", "ATSRECERR");
        }
        if (Idr0.pri(idr0) == 0) {
            idr1 = inherited(properties, Idr1.LAYOUT, idr1, "PRIQS");
            idr3 = inherited(properties, Idr3.LAYOUT, idr3, "PPS");
        }
        Identity identity = new Identity(idr0, idr1, idr3, idr5, start.iidr(), start.aidr());
        ModelledFeatures.check(identity);
        if (secure && (!identity.stage1() || identity.stallModel() == Idr0.STALL_MODEL_STALL_AND_TERMINATE)) {
            throw invalid("secure", "true", "it takes stage 1, and a STALL_MODEL without S_CR0.NSSTALLD: 1 or 2");
        }
        if (tlbConflicts && Idr3.bbml(idr3) != 0) {
            throw invalid("tlb.conflicts", REPORTED, "it takes idr3.BBML=0: above, leaves may change their size");
        }
        // fewer entries than ways: one set
        TlbShape shape = new TlbShape(tlb, Math.min(tlb, ways), contiguous, overreach, tlbConflicts);
        return new ModelOptions(identity, shape, configurations, wide, configurationConflicts, streams, secure, merges);
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

    // fields of a feature go with it, unless somebody asks for them
    private static long inherited(Map<String, Object> properties, Layout register, long word, String... fields) {
        long left = word;
        for (String name : fields) {
            if (!properties.containsKey(register.name().toLowerCase(Locale.ROOT) + "." + name)) {
                left &= ~register.field(name).orElseThrow().mask();
            }
        }
        return left;
    }

    private static int powerOfTwo(String key, String value, int least, int most) {
        if (value.equals("none")) {
            return 0;
        }
        long number = number(key, value);
        if (number < least || number > most || Long.bitCount(number) != 1) {
            throw invalid(key, value, "it must be none or a power of two from " + least + " to " + most);
        }
        return (int) number;
    }

    private static boolean flag(String key, String value) {
        if (!value.equals("true") && !value.equals("false")) {
            throw invalid(key, value, "it must be true or false");
        }
        return value.equals("true");
    }

    private static boolean conflicts(String key, String value) {
        if (!value.equals(REPORTED) && !value.equals("ignored")) {
            throw invalid(key, value, "it must be ignored or reported");
        }
        return value.equals(REPORTED);
    }

    private static TlbShape.Overreach overreach(String key, String value) {
        for (TlbShape.Overreach overreach : TlbShape.Overreach.values()) {
            if (overreach.label().equals(value)) {
                return overreach;
            }
        }
        throw invalid(key, value, "it must be none, vmid or all");
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
