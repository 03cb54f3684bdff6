/** What every board needs to offer its hardware. */
package org.sluice.board.base;
