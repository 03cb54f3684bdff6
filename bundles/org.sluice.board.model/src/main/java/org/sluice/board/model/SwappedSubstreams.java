package org.sluice.board.model;

import org.sluice.spi.board.Dma;

/** Defect {@code swap-ssid}: PASIDs 1 and 2 change places, as do 3 and 4, and so on. */
final class SwappedSubstreams implements Dma {
    private final Dma port;
    private final int pasidBits;

    SwappedSubstreams(Dma port, int pasidBits) {
        this.port = port;
        this.pasidBits = pasidBits;
    }

    @Override
    public int read(int pasid, long iova, byte[] target, int offset, int length, int flags) {
        return port.read(neighbour(pasid), iova, target, offset, length, flags);
    }

    @Override
    public int write(int pasid, long iova, byte[] source, int offset, int length, int flags) {
        return port.write(neighbour(pasid), iova, source, offset, length, flags);
    }

    // the last PASID has no neighbour that the endpoint could send
    private int neighbour(int pasid) {
        int other = (pasid - 1 ^ 1) + 1;
        return pasid <= 0 || other >>> pasidBits != 0 ? pasid : other;
    }
}
