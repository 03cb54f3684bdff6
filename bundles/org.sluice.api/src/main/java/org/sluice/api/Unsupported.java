package org.sluice.api;

/** What implementations of these types say that came before a function did. */
final class Unsupported {
    private Unsupported() {}

    static IommuException operation(String name) {
        return new IommuException(Errno.EOPNOTSUPP, name + " is not implemented by this platform");
    }
}
