package org.sluice.board.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.sluice.api.DmaLimits;
import org.sluice.api.Prot;
import org.sluice.api.ReservedRegion;
import org.sluice.board.base.Properties;
import org.sluice.spi.board.DmaProperties;
import org.sluice.spi.memory.MemoryRegion;

/** What an element of the property {@code endpoints} says of an endpoint's DMA. */
final class DmaKeys {
    static final Set<String> KNOWN = Set.of("coherent", "untrusted", "dma-bits", "below-4g-first", "reserved");

    private DmaKeys() {}

    /**
     * Reads them.
     *
     * @param endpoint its name, for messages
     * @param values by key; others are left alone
     * @throws org.sluice.api.IommuException EINVAL, naming endpoint, key and value
     */
    static DmaProperties parse(String endpoint, Map<String, String> values) {
        int bits = values.containsKey("dma-bits")
                ? Properties.number(property(endpoint, "dma-bits"), values.get("dma-bits"), 12, 64)
                : 64;
        DmaLimits limits = DmaLimits.NONE.withAddressBits(bits);
        return new DmaProperties(
                flag(endpoint, values, "coherent", true),
                flag(endpoint, values, "untrusted", false),
                flag(endpoint, values, "below-4g-first", false) ? limits.withBelow4GFirst() : limits,
                reserved(endpoint, values.getOrDefault("reserved", "")));
    }

    /** Regions, separated by commas: the type as Linux prints it, a colon, base and size. */
    private static List<ReservedRegion> reserved(String endpoint, String text) {
        List<ReservedRegion> regions = new ArrayList<>();
        for (String element : text.isEmpty() ? new String[0] : text.split(",")) {
            int colon = element.indexOf(':');
            String type = colon < 0 ? "" : element.substring(0, colon).trim();
            MemoryRegion range = Properties.region(
                    property(endpoint, "reserved"), element.substring(colon + 1).trim());
            regions.add(new ReservedRegion(range.base(), range.size(), prot(type), type(endpoint, element, type)));
        }
        return regions;
    }

    private static ReservedRegion.Type type(String endpoint, String element, String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "direct" -> ReservedRegion.Type.DIRECT;
            case "direct-relaxable" -> ReservedRegion.Type.DIRECT_RELAXABLE;
            case "reserved" -> ReservedRegion.Type.RESERVED;
            case "msi" -> ReservedRegion.Type.MSI;
            default ->
                throw Properties.invalid(
                        property(endpoint, "reserved"),
                        element,
                        "it must be direct, direct-relaxable, reserved or msi, a colon, and base+size");
        };
    }

    private static int prot(String type) {
        return type.toLowerCase(Locale.ROOT).startsWith("direct") ? Prot.READ | Prot.WRITE : 0;
    }

    private static boolean flag(String endpoint, Map<String, String> values, String key, boolean otherwise) {
        String value = values.getOrDefault(key, String.valueOf(otherwise));
        if (!value.equals("true") && !value.equals("false")) {
            throw Properties.invalid(property(endpoint, key), value, "it must be true or false");
        }
        return value.equals("true");
    }

    private static String property(String endpoint, String key) {
        return "endpoint " + endpoint + ": " + key;
    }
}
