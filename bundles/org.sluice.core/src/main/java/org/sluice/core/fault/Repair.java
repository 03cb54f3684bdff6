package org.sluice.core.fault;

import org.sluice.api.PageFaultHandler;

/**
 * Who repairs a fault.
 *
 * @param owner the address space concerned, by identity
 * @param handler does it; may sleep
 */
public record Repair(Object owner, PageFaultHandler handler) {}
