package org.sluice.board.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.sluice.board.base.Properties;
import org.sluice.spi.board.DmaProperties;

/**
 * One element of the property {@code endpoints}: a name, then {@code key=value} separated by semicolons.
 *
 * @param name unique on the board
 * @param streamIds {@code sid}: at least one, separated by commas
 * @param pasidBits {@code pasids}: 0 to 20
 * @param compatible {@code compatible}
 * @param group {@code group}: isolation group, -1 for alone
 * @param tlbEntries {@code ats}: entries of its device TLB, a power of two; 0 for an endpoint without ATS
 * @param pageRequests {@code pri}: whether it sends page requests, which takes ATS
 * @param pasidInResponse {@code pasid-in-response}: whether it knows an answer to those only by its PASID
 * @param pagesInGroup {@code pri-pages}: pages that it asks for at once, the missing one and those behind it
 * @param mute {@code mute}: a defect: it neither heeds nor answers invalidations
 * @param secure {@code secure}: whether its stream is Secure, which has no ATS
 * @param stalls {@code stall}: whether its transactions may be stalled
 * @param dma what {@link DmaKeys} says of its DMA
 */
record EndpointConfig(
        String name,
        List<Integer> streamIds,
        int pasidBits,
        String compatible,
        int group,
        int tlbEntries,
        boolean pageRequests,
        boolean pasidInResponse,
        int pagesInGroup,
        boolean mute,
        boolean secure,
        boolean stalls,
        DmaProperties dma) {
    private static final int MAX_PASID_BITS = 20;
    private static final long MAX_STREAM_ID = 0xffff_ffffL;
    private static final int ALONE = -1;
    private static final int MAX_TLB_ENTRIES = 1 << 20;
    private static final int MAX_PAGES_IN_GROUP = 512;
    private static final Set<String> KNOWN = Set.of(
            "sid",
            "pasids",
            "compatible",
            "group",
            "ats",
            "pri",
            "pri-pages",
            "pasid-in-response",
            "mute",
            "secure",
            "stall");

    /** An endpoint whose DMA has nothing special. */
    EndpointConfig(
            String name,
            List<Integer> streamIds,
            int pasidBits,
            String compatible,
            int group,
            int tlbEntries,
            boolean pageRequests,
            boolean pasidInResponse,
            boolean mute,
            boolean secure,
            boolean stalls) {
        this(
                name,
                streamIds,
                pasidBits,
                compatible,
                group,
                tlbEntries,
                pageRequests,
                pasidInResponse,
                1,
                mute,
                secure,
                stalls,
                DmaProperties.ORDINARY);
    }

    /**
     * Reads an endpoint.
     *
     * @throws org.sluice.api.IommuException EINVAL, naming endpoint, key and value
     */
    static EndpointConfig parse(String text) {
        String[] parts = text.split(";");
        String name = parts[0].trim();
        if (name.isEmpty()) {
            throw Properties.invalid("endpoint", text, "it must begin with a name");
        }
        Map<String, String> values = new HashMap<>();
        for (int i = 1; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            String key =
                    equals < 0 ? parts[i].trim() : parts[i].substring(0, equals).trim();
            String value = equals < 0 ? "" : parts[i].substring(equals + 1).trim();
            if (!KNOWN.contains(key) && !DmaKeys.KNOWN.contains(key)) {
                Set<String> known = new TreeSet<>(KNOWN);
                known.addAll(DmaKeys.KNOWN);
                throw Properties.invalid(property(name, key), value, "known keys are " + known);
            }
            values.put(key, value);
        }
        List<Integer> streamIds = new ArrayList<>();
        for (String sid : values.getOrDefault("sid", "").split(",")) {
            if (!sid.isEmpty()) {
                streamIds.add(Properties.number(property(name, "sid"), sid, 0, MAX_STREAM_ID));
            }
        }
        if (streamIds.isEmpty()) {
            throw Properties.invalid(property(name, "sid"), "", "an endpoint needs at least one StreamID");
        }
        int tlbEntries = number(name, values, "ats", MAX_TLB_ENTRIES, 0);
        if (Integer.bitCount(tlbEntries) > 1) {
            throw Properties.invalid(property(name, "ats"), values.get("ats"), "it must be 0 or a power of two");
        }
        boolean pageRequests = flag(name, values, "pri");
        if (pageRequests && tlbEntries == 0) {
            throw Properties.invalid(property(name, "pri"), values.get("pri"), "page requests take ATS");
        }
        boolean secure = flag(name, values, "secure");
        if (secure && tlbEntries != 0) {
            throw Properties.invalid(property(name, "secure"), values.get("secure"), "Secure streams have no ATS");
        }
        return new EndpointConfig(
                name,
                List.copyOf(streamIds),
                number(name, values, "pasids", MAX_PASID_BITS, 0),
                values.getOrDefault("compatible", ""),
                number(name, values, "group", Integer.MAX_VALUE, ALONE),
                tlbEntries,
                pageRequests,
                flag(name, values, "pasid-in-response"),
                pagesInGroup(name, values),
                flag(name, values, "mute"),
                secure,
                flag(name, values, "stall"),
                DmaKeys.parse(name, values));
    }

    private static int pagesInGroup(String name, Map<String, String> values) {
        String value = values.get("pri-pages");
        return value == null ? 1 : Properties.number(property(name, "pri-pages"), value, 1, MAX_PAGES_IN_GROUP);
    }

    private static String property(String name, String key) {
        return "endpoint " + name + ": " + key;
    }

    private static int number(String name, Map<String, String> values, String key, long max, int otherwise) {
        String value = values.get(key);
        return value == null ? otherwise : Properties.number(property(name, key), value, 0, max);
    }

    private static boolean flag(String name, Map<String, String> values, String key) {
        String value = values.getOrDefault(key, "false");
        if (!value.equals("true") && !value.equals("false")) {
            throw Properties.invalid(property(name, key), value, "it must be true or false");
        }
        return value.equals("true");
    }
}
