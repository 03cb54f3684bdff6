package org.sluice.board.qemu;

import org.sluice.board.base.Properties;

/**
 * One element of the property {@code endpoints}: a name, then {@code key=value} separated by semicolons. Each is an
 * {@code edu} device on PCI bus 0, whose place follows from its StreamID.
 *
 * @param name unique on the board
 * @param streamId {@code sid}: device << 3 | function; device 0 is the host bridge's
 * @param compatible {@code compatible}
 * @param group {@code group}: isolation group, -1 for alone
 */
record EndpointConfig(String name, int streamId, String compatible, int group) {
    /** First StreamID of PCI device 1. */
    static final int FIRST_STREAM = 1 << 3;

    /** Last StreamID of bus 0. */
    static final int LAST_STREAM = 0xff;

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
        int streamId = -1;
        String compatible = "";
        int group = ALONE;
        for (int i = 1; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            String key = (equals < 0 ? parts[i] : parts[i].substring(0, equals)).trim();
            String value = equals < 0 ? "" : parts[i].substring(equals + 1).trim();
            String property = "endpoint " + name + ": " + key;
            switch (key) {
                case "sid" -> streamId = Properties.number(property, value, FIRST_STREAM, LAST_STREAM);
                case "compatible" -> compatible = value;
                case "group" -> group = Properties.number(property, value, 0, Integer.MAX_VALUE);
                default ->
                    throw Properties.invalid(
                            property, value, "known keys are sid, compatible, group; QEMU has no PASIDs");
            }
        }
        if (streamId < 0) {
            throw Properties.invalid("endpoint " + name + ": sid", "", "an endpoint needs a StreamID");
        }
        return new EndpointConfig(name, streamId, compatible, group);
    }
}
