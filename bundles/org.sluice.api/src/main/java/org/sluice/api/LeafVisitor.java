package org.sluice.api;

import org.osgi.annotation.versioning.ConsumerType;

/** Sees leaves. */
@ConsumerType
@FunctionalInterface
public interface LeafVisitor {
    /**
     * A leaf.
     *
     * @param iova first IOVA in bytes
     * @param paddr physical address in bytes
     * @param size bytes
     * @param descriptor the raw descriptor
     * @param prot {@link Prot} bits that the descriptor grants
     * @return false to stop
     */
    boolean leaf(long iova, long paddr, long size, long descriptor, int prot);
}
