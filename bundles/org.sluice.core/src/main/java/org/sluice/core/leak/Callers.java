package org.sluice.core.leak;

import java.util.stream.Collectors;
import org.sluice.api.AddressSpace;
import org.sluice.api.DmaMapper;
import org.sluice.api.DmaMapping;

/** Who called the map API: frames as text, so that no class of a client is kept. */
final class Callers {
    private static final int FRAMES = 6;
    private static final String WINDOW = "org.sluice.core.space.DmaWindow";
    private static final StackWalker WALKER = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

    private Callers() {}

    /** The first frames beyond the implementation of the map API. */
    static String describe() {
        return WALKER.walk(frames -> frames.dropWhile(frame -> isOurs(frame.getDeclaringClass()))
                .limit(FRAMES)
                .map(Callers::text)
                .collect(Collectors.joining(" < ")));
    }

    private static boolean isOurs(Class<?> type) {
        return type == Callers.class
                || type == Watch.class
                || type.getName().equals(WINDOW)
                || AddressSpace.class.isAssignableFrom(type)
                || DmaMapper.class.isAssignableFrom(type)
                || DmaMapping.class.isAssignableFrom(type);
    }

    private static String text(StackWalker.StackFrame frame) {
        String type = frame.getClassName();
        return String.format(
                "%s.%s(%s:%d)",
                type.substring(type.lastIndexOf('.') + 1),
                frame.getMethodName(),
                frame.getFileName(),
                frame.getLineNumber());
    }
}
