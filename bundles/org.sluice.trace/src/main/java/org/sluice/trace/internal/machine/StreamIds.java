package org.sluice.trace.internal.machine;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * StreamIDs of the devices of a trace. A PCI function of segment 0 has its requester ID, {@code bus << 8 | device << 3 |
 * function}; any other device gets a free one from the top, since a trace does not tell.
 */
final class StreamIds {
    private static final Pattern FUNCTION = Pattern.compile("0000:([0-9a-fA-F]{2}):([01][0-9a-fA-F])\\.([0-7])");
    private static final int LAST = 0xffff;

    private StreamIds() {}

    static boolean isRequester(String device) {
        return FUNCTION.matcher(device).matches();
    }

    static Map<String, Integer> of(Collection<String> devices) {
        if (devices.size() > LAST) {
            throw new IommuException(Errno.EINVAL, "trace names " + devices.size() + " devices, at most " + LAST);
        }
        Map<String, Integer> ids = new LinkedHashMap<>();
        for (String device : devices) {
            Matcher function = FUNCTION.matcher(device);
            if (function.matches()) {
                ids.put(device, hex(function.group(1)) << 8 | hex(function.group(2)) << 3 | hex(function.group(3)));
            }
        }
        int free = LAST;
        for (String device : devices) {
            while (!ids.containsKey(device)) {
                if (!ids.containsValue(free)) {
                    ids.put(device, free);
                }
                free--;
            }
        }
        return ids;
    }

    private static int hex(String digits) {
        return Integer.parseInt(digits, 16);
    }
}
