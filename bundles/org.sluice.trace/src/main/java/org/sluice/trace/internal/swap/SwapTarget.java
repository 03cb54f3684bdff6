package org.sluice.trace.internal.swap;

/**
 * A service whose bundle is swapped.
 *
 * @param service class name of the service
 * @param filter which of its providers
 * @param name in words, as {@code SwapEvent.service} has it
 */
public record SwapTarget(String service, String filter, String name) {}
