package org.sluice.trace.internal.machine;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
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
    private static final int FUNCTION_BITS = 3;

    /** Device 0 of bus 0 is the host bridge. */
    private static final int FIRST_OF_BUS_ZERO = 1 << FUNCTION_BITS;

    private static final int LAST_OF_BUS_ZERO = 0xff;

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

    /**
     * Places for devices on a machine whose functions all are on bus 0: those that are there already keep their StreamIDs, any
     * other gets function 0 of a free device, from the top.
     */
    static Map<String, Integer> onBusZero(Map<String, Integer> ids) {
        Map<String, Integer> places = new LinkedHashMap<>();
        Set<Integer> taken = new HashSet<>();
        ids.forEach((device, id) -> {
            if (id >= FIRST_OF_BUS_ZERO && id <= LAST_OF_BUS_ZERO) {
                places.put(device, id);
                taken.add(id >>> FUNCTION_BITS);
            }
        });
        int free = LAST_OF_BUS_ZERO >>> FUNCTION_BITS;
        Map<String, Integer> all = new LinkedHashMap<>();
        for (String device : ids.keySet()) {
            Integer place = places.get(device);
            for (; place == null && free > 0; free--) {
                place = taken.add(free) ? Integer.valueOf(free << FUNCTION_BITS) : null;
            }
            if (place == null) {
                throw new IommuException(
                        Errno.EINVAL,
                        "trace names " + ids.size() + " devices, of which " + device
                                + " finds no place any more on bus 0 of QEMU's machine");
            }
            all.put(device, place);
        }
        return all;
    }

    private static int hex(String digits) {
        return Integer.parseInt(digits, 16);
    }
}
