package org.sluice.board.model;

import java.util.ArrayList;
import java.util.List;

/**
 * One element of the property {@code endpoints}: a name, then {@code key=value} separated by semicolons.
 *
 * @param name unique on the board
 * @param streamIds {@code sid}: at least one, separated by commas
 * @param pasidBits {@code pasids}: 0 to 20
 * @param compatible {@code compatible}
 * @param group {@code group}: isolation group, -1 for alone
 */
record EndpointConfig(String name, List<Integer> streamIds, int pasidBits, String compatible, int group) {
    private static final int MAX_PASID_BITS = 20;
    private static final long MAX_STREAM_ID = 0xffff_ffffL;
    private static final int ALONE = -1;

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
        List<Integer> streamIds = new ArrayList<>();
        int pasidBits = 0;
        String compatible = "";
        int group = ALONE;
        for (int i = 1; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            String key =
                    equals < 0 ? parts[i].trim() : parts[i].substring(0, equals).trim();
            String value = equals < 0 ? "" : parts[i].substring(equals + 1).trim();
            String property = "endpoint " + name + ": " + key;
            switch (key) {
                case "sid" -> {
                    for (String sid : value.split(",")) {
                        streamIds.add(Properties.number(property, sid, 0, MAX_STREAM_ID));
                    }
                }
                case "pasids" -> pasidBits = Properties.number(property, value, 0, MAX_PASID_BITS);
                case "compatible" -> compatible = value;
                case "group" -> group = Properties.number(property, value, 0, Integer.MAX_VALUE);
                default -> throw Properties.invalid(property, value, "known keys are sid, pasids, compatible, group");
            }
        }
        if (streamIds.isEmpty()) {
            throw Properties.invalid("endpoint " + name + ": sid", "", "an endpoint needs at least one StreamID");
        }
        return new EndpointConfig(name, List.copyOf(streamIds), pasidBits, compatible, group);
    }
}
